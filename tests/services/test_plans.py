"""What runs all day stays on indexes when its tables have grown: payments, callbacks, queues, the inbox, imports."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from core import clock, inbox, intake, outbox
from core.crypto.vault import Vault
from core.db import Database, WriteSession, statement
from notifications import inbox as messages
from services.accounts import rules
from services.accounts.operations import AccountsLoader
from services.billing import queries as billing
from services.billing.events import BillSettled
from services.billing.operations import BillPayable, BillsLoader
from services.payments import operations, queries
from services.payments.ports import PAYABLES, PROVIDERS
from services.payments.queries import feed, finding
from tests.conftest import TEMPLATE, Servers
from tests.factories.accounts import account_record, write_csv
from tests.factories.billing import NOW, ZONE, bill_record
from tests.factories.payments import WECHAT, paid
from tests.services.billing.test_hot_plans import GROW, GROWN
from tests.support.plans import explained, scanned

MORE: Final = """
insert into session_family (id, user_id, kind, device_name, created_at, last_used_at, idle_until, expires_at, generation, rotated_at)
  select gen_random_uuid(), id, 'app', 'Phone', now(), now(), now() + interval '1 day', now() + interval '2 day', 1, now() from app_user;
insert into payment_order (id, payment_no, payer_user_id, provider, method, amount_minor, currency, state, created_at, expires_at)
  select uuidv7(), 'PLAN' || lpad(k.owner_id::text, 12, '0'), g.user_id, 'wechat_pay', 'wechat_native', 100, 'CNY', 'open', now(), now() + interval '1 hour'
  from book k join access_grant g on g.account_id = k.owner_id;
insert into payment_attempt (id, order_id, no, provider, method, out_trade_no, amount_minor, currency, state, request_sealed, request_hash,
    created_at, expires_at, next_check_at)
  select uuidv7(), id, 1, 'wechat_pay', 'wechat_native', payment_no || '00000000', 100, 'CNY', 'prepared', '', sha256(''), now(),
    now() + interval '1 hour', now() + interval '1 hour' * random() - interval '5 minute' from payment_order;
insert into payment_part (account_id, attempt_id, book_id, payable_kind, payable_id, payable_no, amount_minor)
  select b.account_id, t.id, k.id, 'bill', b.id, b.bill_no, 100
  from payment_attempt t join payment_order o on o.id = t.order_id join book k on k.owner_id = substr(o.payment_no, 5)::bigint
  join bill b on b.account_id = k.owner_id and b.open_minor > 0;
insert into claim (kind, key, owner) select 'wechat_pay.transaction', g::text, '' from generate_series(1, 5000) g;
insert into inbox (source, external_id, body, applied_at) select 'wechat_pay', g::text, '', now() from generate_series(1, 5000) g;
insert into inbox (source, external_id, body) values ('wechat_pay', 'due', '');
insert into outbox (kind, payload) select CODE, '{"account_id": 1, "bill_id": 1}' from generate_series(1, 5000);
insert into bill_settlement (account_id, bill_id, payment_id, amount_minor, settled_at)
  select account_id, id, gen_random_uuid(), 100, now() from bill where state = 'settled';
insert into contact_point (customer_id, id, kind, address_sealed, address_blind, address_masked, locale)
  select id, 1, 'phone', '', '', '*', 'en' from customer;
insert into meter (meter_no, account_id) select 'G' || id, id from account;
insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from) select id, 1, 'RES', false, '2020-01-01' from account;
insert into balance (book_id, code, asset, balance, version)
  select b.id, c.code, 156, 0, 1 from book b, ledger_code c where c.name in ('prepaid', 'revenue.energy', 'tax.vat', 'opening');
update book set version = 1;
insert into txn (book_id, no, source, source_id, effective_at, recorded_at) select id, 1, 5, gen_random_uuid(), now(), now() from book;
insert into posting (book_id, no, line, debit, credit, asset, amount, debit_after, credit_after)
  select book_id, no, 1, 1100, 1200, 156, 100, 100, 100 from txn;
insert into payment_feed (no, unit_id, kind, ref, account_id, attempt_id, amount_minor, currency, settled, effective_at, recorded_at)
  select row_number() over (order by id), 1, 'booked', id, account_id, attempt_id, 100, 'CNY', '[]', now(), now() from payment_part;
update payment_feed_state set last_no = (select count(*) from payment_feed);
update customer set tokens = array[decode(lpad(to_hex(id), 16, '0'), 'hex'), decode(lpad(to_hex(id % 300 + 9000), 16, '0'), 'hex')];
update premises set district = 'district ' || id % 9, street = 'street ' || id, building = 'house ' || id % 40;
insert into claim (kind, key, owner) select 'bill_no', bill_no, account_id::text from bill where issue_date < '2025-03-01';
insert into staff (id, name, display_name, state, password_hash, totp_sealed, created_at)
  values ('00000000-0000-7000-8000-000000000001', 'li', 'Li', 'active', '$argon2id$', '', now());
insert into staff_grant (id, staff_id, role, unit_id, valid_from, granted_at)
  select gen_random_uuid(), id, 'agent', 1, now() - interval '1 day', now() from staff;
insert into message (owner, id, channel, intent, template, priority, params, locale, state, expires_at)
  select 'user:' || id, uuidv7(), 'inbox', 'x', 'x', 0, '{}', 'en', 'delivered', now() from app_user;
"""
QUEUES: Final = (
    "session_family",
    "payment_order",
    "payment_attempt",
    "payment_part",
    "claim",
    "inbox",
    "outbox",
    "payment_feed",
    "message",
    "app_user",
)
GROWING: Final = frozenset(
    {*GROWN, *QUEUES, "account_search", "bill_settlement", "txn", "posting", "contact_point", "agreement", "meter"}
)


@pytest.fixture(scope="module")
def grown_dsn(servers: Servers) -> Iterator[str]:
    """A superuser's address of a database of 5,000 accounts, shared: each test works on rows of its own."""
    name = f"test_{uuid4().hex}"
    dsn = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=name)
    with psycopg.connect(servers.admin_dsn, autocommit=True) as admin:
        made = sql.SQL("create database {} template {} strategy file_copy owner wattline_owner")
        admin.execute(made.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(GROW)
            connection.execute(MORE.replace("CODE", str(BillSettled.code)).encode())
            connection.execute("vacuum analyze")
        yield dsn
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def grown(grown_dsn: str) -> Iterator[Database]:
    """The grown database; at the end no statement of the test, nor one inside of a function, has scanned a grown table."""
    PAYABLES.fill({"bill": BillPayable()})
    with explained(grown_dsn) as (database, plans):
        yield database
    assert plans, "nothing ran"
    wrong = [plan for plan in plans if scanned([plan]) & GROWING]
    assert wrong == [], "\n".join(wrong)


PAYMENT_NO: Final = "PLAN000000002500"
MEMBER: Final = UUID("00000000-0000-7000-8000-000000000001")


def payer(session: WriteSession) -> tuple[UUID, UUID]:
    """The person of one payment in the middle, and their session."""
    row = session.sql(
        """select o.payer_user_id, f.id from payment_order o
           join session_family f on f.user_id = o.payer_user_id and f.revoked_at is null where o.payment_no = :no""",
        no=PAYMENT_NO,
    ).one()
    return row.payer_user_id, row.id


def status(session: WriteSession) -> None:
    user_id, session_id = payer(session)
    seen = queries.payment(session, payment_no=PAYMENT_NO, user_id=user_id, session_id=session_id, now=clock.now())
    assert seen is not None


def watched(session: WriteSession) -> None:
    user_id, session_id = payer(session)
    params = {
        "payment_nos": [PAYMENT_NO],
        "user_ids": [user_id],
        "session_ids": [session_id],
        "now": clock.now(),
    }
    assert session.connection().execute(queries.HOT_WATCHED.clause, params).scalar_one() is not None


def due_questions(session: WriteSession) -> None:
    assert operations.claim_due(session, limit=1)


def kept_callbacks(session: WriteSession) -> None:
    assert inbox.claim_due(session, source=WECHAT) is not None
    assert inbox.receive(session, source=WECHAT, external_id="2500", body=b"").is_applied


def booking(session: WriteSession) -> None:
    attempt = queries.latest_attempt(session, payment_no=PAYMENT_NO)
    assert attempt is not None
    applied = operations.apply_provider_result(session, result=paid(attempt), now=clock.now())
    assert applied.effect is operations.Effect.BOOKED


def message_list(session: WriteSession) -> None:
    user_id, _ = payer(session)
    assert messages.page(session, user_id=user_id, locale="en", before=UUID(int=0), limit=20) == []
    assert messages.unread_count(session, user_id=user_id) == 1


def search(session: WriteSession) -> None:
    def found(**wanted: object) -> int:
        params = {"number": None, "phone": None, "name": None, "address": None, "after": "", "limit": 21} | wanted
        read = statement("services.accounts", "found_accounts.sql")
        return len(session.sql(read, staff_id=MEMBER, now=clock.now(), **params).all())

    assert found(number="1002500") == 1
    assert found(name=[(2500).to_bytes(8)]) == 1
    assert found(phone=[(9100).to_bytes(8)]) == 17
    assert found(address=rules.text_pairs("street2500")) == 1
    PROVIDERS.fill({})
    assert len(finding.found_payments(session, number=PAYMENT_NO, staff_id=MEMBER, now=clock.now())) == 1
    assert len(billing.found_bills(session, number="B2500-1", staff_id=MEMBER, now=clock.now())) == 1


def feed_of_payments(session: WriteSession) -> None:
    for units in (None, [1]):
        assert len(feed.page(session, after=2_000, limit=50, units=units).facts) == 50


@pytest.mark.parametrize(
    "work",
    [search, status, feed_of_payments, watched, due_questions, kept_callbacks, booking, message_list],
    ids=lambda work: work.__name__,
)
def test_it_never_scans_a_table_that_grows(grown: Database, work: Callable[[WriteSession], None]) -> None:
    with grown.write() as session:
        work(session)


def test_the_relay_never_scans_the_outbox(grown: Database) -> None:
    assert outbox.relay_once(grown, limit=2) == 2


def test_an_import_into_grown_tables_never_scans_them(grown: Database, vault: Vault, tmp_path: Path) -> None:
    people = AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)
    accounts = [account_record(number, unit_code="U") for number in range(1, 5)]
    report = intake.run(grown, path=write_csv(tmp_path / "accounts.csv", accounts), loader=people)
    assert (report.rows, report.rejected) == (4, 0)
    bills = [bill_record(str(1_000_000 + number), f"N{number:06d}") for number in range(1, 5)]
    for first, amount in ((0, 12_860), (2, 9_860)):  # new ones, then half of them amended
        rows = [record | {"amount_minor": amount} for record in bills[first:]]
        for row in rows:
            row["lines"] = f"energy||||{amount - 100};tax.vat||||100"
        path = write_csv(tmp_path / f"bills{first}.csv", rows)
        report = intake.run(grown, path=path, loader=BillsLoader(zone=ZONE, now=NOW))
        assert (report.rows, report.rejected) == (4 - first, 0)
