"""From an event to what people read: who is told, in which language, how often."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from app import wiring
from core import outbox
from core.config import Settings
from core.db import Database
from core.money import Money
from notifications import inbox, sent
from notifications.delivery import send_due
from notifications.setup import SETUP
from notifications.texts import NOBODY, Wording, title_and_text
from services.accounts.models import Role
from services.accounts.queries import AccountId, AccountRef
from services.billing.queries import BillView
from services.payments.events import PaymentBooked
from services.payments.operations import booking, orders
from services.payments.operations.orders import Wanted
from services.payments.ports import Method, Payer, ProviderResult, TradeState
from tests.conftest import Servers
from tests.factories.accounts import grant, make_account, make_user
from tests.factories.billing import make_bill
from tests.support.plans import explained, scanned
from tests.support.sandbox import SandboxProcess
from web.runtime import Runtime

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
ISSUED = "2026-06-10"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def runtime(sms_settings: Settings, sms_provider: SandboxProcess) -> Iterator[Runtime]:
    """The whole wiring, with both of the sandbox's providers."""
    pay = sms_provider.credentials["wechat_pay"]
    settings = Settings.model_validate(
        {
            **sms_settings.model_dump(),
            "wechat_pay_base_url": sms_provider.base_url,
            "wechat_pay_mchid": pay["mchid"],
            "wechat_pay_appid": pay["appid"],
            "wechat_pay_merchant_serial": pay["merchant_serial"],
            "wechat_pay_merchant_private_key": pay["merchant_private_key"],
            "wechat_pay_apiv3_key": pay["apiv3_key"],
            "wechat_pay_public_key_id": pay["public_key_id"],
            "wechat_pay_public_key": pay["public_key"],
        }
    )
    made = wiring.build(settings)
    yield made
    made.db.close()
    sms = SETUP.get().sms
    assert sms is not None
    sms.close()  # type: ignore[attr-defined] # only a test ends a channel before its process ends


def rows(database: Database) -> list[Any]:
    with database.read() as session:
        return list(
            session.sql("select owner, channel, intent, state, locale, link from message order by owner, channel")
        )


def relay(database: Database, *, came_at: datetime = NOW) -> None:
    """Tell every fact as one of `came_at`, whatever day it is today."""
    with database.write() as session:
        session.sql("update outbox set created_at = :came_at", came_at=came_at)
    while outbox.relay_once(database):
        pass


@pytest.fixture
def scene(runtime: Runtime, number: str) -> tuple[AccountRef, BillView, UUID]:
    """An account whose holder owns it in the app too, by the same telephone, and a bill."""
    with runtime.db.write() as session:
        account = make_account(session, runtime.vault, phone=number)
        user_id = make_user(session, runtime.vault, phone=number)
        grant(session, user_id=user_id, account_id=account.id)
        bill = make_bill(session, account, issue_date=ISSUED)
    return account, bill, user_id


def test_a_new_bill_is_told_to_its_owner_once_by_each_channel(
    runtime: Runtime, scene: tuple[AccountRef, BillView, UUID], provider: SandboxProcess, number: str
) -> None:
    account, bill, user_id = scene
    relay(runtime.db)
    send_due(runtime.db, setup=SETUP.get())
    assert [(row.owner, row.channel, row.link) for row in rows(runtime.db)] == [
        (f"user:{user_id}", "inbox", f"/bills/{account.account_no}/{bill.bill_no}"),
        (f"user:{user_id}", "sms", f"/bills/{account.account_no}/{bill.bill_no}"),
    ]
    told = provider.messages(number)
    assert [each["template"] for each in told] == ["bill_ready"]
    assert (
        f"户号****{account.account_no[-4:]}的2026年5月账单已出，金额¥128.60，请于2026年6月25日前缴纳。"
        in told[0]["text"]
    )


def test_accounts_whose_numbers_end_alike_do_not_show_staff_each_others_messages(runtime: Runtime) -> None:
    with runtime.db.write() as session:
        mine, other = (make_account(session, runtime.vault, account_no=no) for no in ("7100004242", "7200004242"))
        user_id = make_user(session, runtime.vault)
        grant(session, user_id=user_id, account_id=mine.id)
        grant(session, user_id=user_id, account_id=other.id)
        make_bill(session, mine, issue_date=ISSUED)
    relay(runtime.db)
    with runtime.db.read() as session:
        seen = {
            account.account_no: sent.sent_about(
                session, account_id=account.id, customer_id=0, user_ids=[user_id], before=inbox.FIRST_PAGE, limit=9
            )
            for account in (mine, other)
        }
    assert [each.template for each in seen[mine.account_no]] == ["bill_ready", "bill_ready"]
    assert seen[other.account_no] == []


MANY_ACCOUNTS: LiteralString = """
insert into message (owner, id, channel, intent, template, priority, params, locale, state, expires_at, account_ids)
select 'customer:1', gen_random_uuid(), 'inbox', n, 'bill_ready', 1, '{}', 'en', 'delivered', now(), array[n % 3000]
from generate_series(1, 30000) n;
analyze message
"""
"""What a business with three thousand accounts was told."""


def test_what_was_told_of_one_account_is_read_without_what_its_people_were_told_of_others(
    servers: Servers, database_name: str
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with psycopg.connect(admin, autocommit=True) as owner:
        owner.execute(MANY_ACCOUNTS)
    with explained(admin) as (grown, plans), grown.read() as session:
        found = sent.sent_about(
            session, account_id=AccountId(7), customer_id=1, user_ids=[], before=inbox.FIRST_PAGE, limit=6
        )
    assert len(found) == 6
    [plan] = [each for each in plans if "on message m" in each]
    assert "Bitmap Index Scan on ix_message_account_ids" in plan, plan
    assert "pk_message on message" not in plan, plan
    assert "message" not in scanned([plan]), plan


@pytest.mark.parametrize(
    ("issued", "due", "is_told"),
    [
        (ISSUED, date(2026, 6, 15), True),
        (ISSUED, date(2026, 6, 14), False),
        ("2026-06-05", date(2026, 6, 25), True),
        ("2026-06-04", date(2026, 6, 25), False),
        ("2026-06-20", date(2026, 6, 30), True),
    ],
    ids=["due today", "due yesterday", "ten days old", "eleven days old", "dated ahead"],
)
def test_a_bill_that_is_no_news_when_it_comes_is_told_to_nobody(
    runtime: Runtime, number: str, issued: str, due: date, *, is_told: bool
) -> None:
    with runtime.db.write() as session:
        account = make_account(session, runtime.vault, phone=number)
        grant(session, user_id=make_user(session, runtime.vault, phone=number), account_id=account.id)
        make_bill(session, account, issue_date=issued, due_date=due)
    relay(runtime.db, came_at=NOW)
    assert [row.channel for row in rows(runtime.db)] == (["inbox", "sms"] if is_told else [])


def test_a_day_ends_where_the_supplier_is(runtime: Runtime, number: str) -> None:
    with runtime.db.write() as session:
        make_bill(
            session, make_account(session, runtime.vault, phone=number), issue_date=ISSUED, due_date=date(2026, 6, 15)
        )
    relay(runtime.db, came_at=datetime(2026, 6, 15, 16, 0, tzinfo=UTC))
    assert rows(runtime.db) == []


def test_those_who_only_pay_or_view_are_not_told_of_bills(runtime: Runtime) -> None:
    with runtime.db.write() as session:
        account = make_account(session, runtime.vault, phone=None)
        for role in (Role.PAYER, Role.VIEWER):
            grant(session, user_id=make_user(session, runtime.vault), account_id=account.id, role=role)
        make_bill(session, account, issue_date=ISSUED)
    relay(runtime.db)
    assert rows(runtime.db) == []


def test_a_holder_without_an_app_is_told_by_telephone(runtime: Runtime, provider: SandboxProcess, number: str) -> None:
    with runtime.db.write() as session:
        make_bill(session, make_account(session, runtime.vault, phone=number, locale="en"), issue_date=ISSUED)
    relay(runtime.db)
    send_due(runtime.db, setup=SETUP.get())
    told = provider.messages(number)
    assert (len(told), told[0]["locale"]) == (1, "en")
    assert "the bill for May 2026 is CN¥128.60, to pay by June 25, 2026" in told[0]["text"]


def pay(runtime: Runtime, *, user_id: UUID, account: AccountRef, amount_minor: int = 12_860) -> UUID:
    """A payment that the provider proved; answers the attempt."""
    wanted = Wanted(
        user_id=user_id,
        account_no=account.account_no,
        quote_id=None,
        amount_minor=amount_minor,
        bill_nos=None,
        method=Method.WECHAT_NATIVE,
        payer=Payer("203.0.113.7"),
        description="电费",
        partial_allowed=True,
        most_major=10_000_000,
    )
    with runtime.db.write() as session:
        attempt_id = orders.open_order(
            session, vault=runtime.vault, wanted=wanted, payment_no="P000000000000001", now=NOW
        )
        out_trade_no = session.sql(
            "select out_trade_no from payment_attempt where id = :id", id=attempt_id
        ).scalar_one()
        paid = ProviderResult(
            "wechat_pay", out_trade_no, TradeState.PAID, f"42{out_trade_no}", Money(amount_minor, "CNY"), NOW
        )
        booking.apply_provider_result(session, result=paid, now=NOW)
    return attempt_id


def test_a_booked_payment_is_receipted_once_however_often_it_is_told(
    runtime: Runtime, scene: tuple[AccountRef, BillView, UUID], provider: SandboxProcess, number: str
) -> None:
    account, _, user_id = scene
    attempt_id = pay(runtime, user_id=user_id, account=account)
    with runtime.db.write() as session:
        order_id = session.sql("select order_id from payment_attempt").scalar_one()
        outbox.add(session, PaymentBooked(order_id=str(order_id), attempt_id=str(attempt_id)))
    relay(runtime.db)
    send_due(runtime.db, setup=SETUP.get())
    receipts = [row for row in rows(runtime.db) if row.intent == f"payment_receipt:{attempt_id}"]
    assert [(row.owner, row.channel) for row in receipts] == [(f"user:{user_id}", "inbox"), (f"user:{user_id}", "sms")]
    told = [each for each in provider.messages(number) if each["template"] == "payment_receipt"]
    assert len(told) == 1
    assert f"户号****{account.account_no[-4:]}已缴费¥128.60，缴费单号P000000000000001" in told[0]["text"]


def test_the_inbox_reads_in_the_readers_language_newest_first(
    runtime: Runtime, scene: tuple[AccountRef, BillView, UUID]
) -> None:
    account, _, user_id = scene
    relay(runtime.db)
    pay(runtime, user_id=user_id, account=account)
    relay(runtime.db)
    with runtime.db.write() as session:
        english = inbox.page(session, user_id=user_id, locale="en", before=inbox.FIRST_PAGE, limit=9)
        chinese = inbox.page(session, user_id=user_id, locale="zh-CN", before=inbox.FIRST_PAGE, limit=9)
        later = inbox.page(session, user_id=user_id, locale="en", before=english[0].id, limit=9)
    assert [each.title for each in english] == ["Payment received: CN¥128.60", "Your bill for May 2026: CN¥128.60"]
    assert [each.title for each in chinese] == ["缴费成功 ¥128.60", "2026年5月电费账单 ¥128.60"]
    assert english[0].link == "/payments/P000000000000001/receipt"
    assert later == english[1:]


def test_a_message_is_read_once_and_only_by_its_reader(
    runtime: Runtime, scene: tuple[AccountRef, BillView, UUID]
) -> None:
    _, _, user_id = scene
    relay(runtime.db)
    with runtime.db.write() as session:
        other = make_user(session, runtime.vault)
        (message,) = inbox.page(session, user_id=user_id, locale="en", before=inbox.FIRST_PAGE, limit=9)
        assert (message.is_read, inbox.unread_count(session, user_id=user_id)) == (False, 1)
        assert inbox.page(session, user_id=other, locale="en", before=inbox.FIRST_PAGE, limit=9) == []
        with pytest.raises(inbox.NoSuchMessage):
            inbox.read(session, user_id=other, message_id=message.id, locale="en", now=NOW)
        for now in (NOW, NOW + timedelta(days=1)):
            assert inbox.read(session, user_id=user_id, message_id=message.id, locale="en", now=now).is_read
        assert inbox.unread_count(session, user_id=user_id) == 0
        assert session.sql("select read_at from message where channel = 'inbox'").scalar_one() == NOW


@pytest.mark.usefixtures("scene")
def test_without_text_messages_the_inbox_still_tells(runtime: Runtime) -> None:
    setup = SETUP.get()
    SETUP.fill(type(setup)(setup.settings, setup.vault, None))
    try:
        relay(runtime.db)
    finally:
        SETUP.fill(setup)
    assert [row.channel for row in rows(runtime.db)] == ["inbox"]


@pytest.mark.usefixtures("scene")
def test_no_telephone_lies_open_in_a_message(runtime: Runtime, number: str) -> None:
    relay(runtime.db)
    with runtime.db.read() as session:
        kept = str(session.sql("select json_agg(m)::text from message m").scalar_one())
    assert number.removeprefix("+86") not in kept


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("zh-CN", ("¥1,234.50", "€0.05", "JP¥7", "2026年6月15日", "2026年6月", "2026年6月15日 17:05")),
        ("en", ("CN¥1,234.50", "€0.05", "¥7", "June 15, 2026", "June 2026", "Jun 15, 2026, 17:05")),
        ("de", ("1.234,50\xa0CN¥", "0,05\xa0€", "7\xa0¥", "15. Juni 2026", "Juni 2026", "15.06.2026, 17:05")),
    ],
)
def test_values_are_written_as_the_language_writes_them(locale: str, expected: tuple[str, ...]) -> None:
    words = Wording(locale, SHANGHAI)
    amounts = (Money(123450, "CNY"), Money(5, "EUR"), Money(7, "JPY"))
    afternoon = datetime(2026, 6, 15, 9, 5, 42, tzinfo=UTC)
    written = (*map(words.money, amounts), words.day(NOW.date()), words.month(NOW.date()), words.moment(afternoon))
    assert written == expected


@pytest.mark.parametrize(
    "template",
    [
        "payment_receipt",
        "bill_ready",
        "account_linked",
        "access_invited",
        "access_accepted",
        "device_signed_out",
        "device_signed_out_for_safety",
        "wechat_joined",
        "data_export_taken",
        "own_reading_accepted",
        "own_reading_refused",
    ],
)
def test_every_text_exists_in_every_language_with_the_same_values(template: str) -> None:
    values: dict[str, Any] = dict.fromkeys(
        (
            "account",
            "amount",
            "payment_no",
            "paid_at",
            "period",
            "due",
            "bill_no",
            "device",
            "at",
            "until",
            "hotline",
            "value",
        ),
        "X",
    )
    for locale, person in itertools.product(("zh-CN", "en", "de"), ("X", NOBODY)):
        named = {**values, "person": person} if template.startswith("acc") else values
        title, text = title_and_text(template=template, locale=locale, zone=SHANGHAI, params=named)
        assert title
        assert text
        assert "{" not in title + text
