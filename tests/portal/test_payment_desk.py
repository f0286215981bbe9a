"""Staff look into a payment: what its provider told and what came of it, and those whose end nobody knows."""

import re
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from core import clock
from services.accounts.roles import StaffRole
from services.payments import operations, queries
from services.payments.ports import Notice, ProviderResult, TradeState
from tests.factories import payments as paying
from tests.factories import staff as staffing
from tests.factories.accounts import grant
from tests.factories.payments import WECHAT
from tests.factories.staff import Member
from tests.support.office import ELSEWHERE, HERE, Office, office_of
from tests.support.town import Home, Person, Town, branched


@pytest.fixture
def office(town: Town) -> Office:
    """The staff of the town, all of whom have just given a code."""
    made = office_of(town)
    for name in ("here", "elsewhere", "without", "top"):
        made.fresh(made.members[name])
    return made


@pytest.fixture
def finance(town: Town, office: Office) -> Member:
    """Somebody of the finance department here."""
    with town.runtime.db.write() as session:
        return office.employ(session, StaffRole.FINANCE, HERE)


def get(town: Town, office: Office, member: Member, path: str) -> tuple[int, str]:
    town.client.cookies.clear()
    answer = town.client.get(path, headers={**office.browser(member), "accept-language": "en"}, follow_redirects=False)
    return answer.status_code, answer.text


def send(town: Town, office: Office, member: Member, path: str, **fields: str) -> tuple[int, str]:
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    form = {"csrf": office.form_token(member), **fields}
    answer = town.client.post(path, data=form, headers=headers, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", answer.text)


def acts(town: Town, act: str, payment_no: str) -> list[sa.Row[tuple[object, ...]]]:
    with town.runtime.db.read() as session:
        return list(
            session.sql(
                "select actor, after from audit where act = :act and subject = :subject order by id",
                act=act,
                subject=f"payment:{payment_no}",
            )
        )


def asked_for(town: Town, home: Home, *, minutes_ago: int, answer_lost: bool = False) -> str:
    """A payment of one yuan that was begun so long ago."""
    person: Person = town.people["owner" if home is town.house else "far"]
    town.sandbox.clear_faults()
    if answer_lost:
        town.sandbox.fault("wechat_pay.native", "drop_after", count=1)
    no = town.start_payment(person.user_id, home)
    address = town.settings.migration_database_url
    assert address is not None
    with psycopg.connect(address.get_secret_value(), autocommit=True) as owner:
        owner.execute(
            """update payment_attempt t set created_at = t.created_at - make_interval(mins => %s),
                 expires_at = t.expires_at - make_interval(mins => %s), next_check_at = now() + interval '1 hour'
               from payment_order o where o.id = t.order_id and o.payment_no = %s""",
            (minutes_ago, minutes_ago, no),
        )
    return no


def number_of(town: Town, payment_no: str) -> str:
    return paying.latest(town.runtime.db, payment_no).out_trade_no


def hear(town: Town, result: ProviderResult, name: str) -> None:
    """A callback of the provider, kept and applied the general way."""
    with town.runtime.db.write() as session:
        operations.receive_notice(session, source=WECHAT, notice=Notice(name, result), body=b"{}", now=clock.now())


def test_what_a_provider_told_of_a_payment_stands_beside_it_with_what_came_of_it(
    town: Town, office: Office, finance: Member
) -> None:
    no = asked_for(town, town.house, minutes_ago=0)
    attempt = paying.latest(town.runtime.db, no)
    hear(town, ProviderResult(WECHAT, attempt.out_trade_no, TradeState.WAITING), f"waits {no}")
    call = town.callback_of(attempt.out_trade_no)
    assert town.client.post("/callbacks/wechat-pay", content=call.body, headers=call.headers).status_code == 204
    hear(town, paying.paid(attempt, transaction_id=None), f"broken {no}")
    status, page = get(town, office, finance, f"/staff/payments/{no}")
    assert status == 200
    told = [
        re.sub(r"<[^>]+>", "", found) for found in re.findall(r"Callback of .*?</strong>(.*?</span>)", page, re.DOTALL)
    ]
    assert told == ["Said nothing new", "Booked", "Could not be applied"]
    assert "ValueError: a paid result without its facts" in page
    assert "transaction_id" not in page, "what the provider wrote stays sealed"


def test_a_branchs_payment_names_its_merchant_and_shows_what_was_told_there(
    town: Town, office: Office, finance: Member
) -> None:
    with branched(town, HERE):
        no = asked_for(town, town.house, minutes_ago=0)
        call = town.callback_of(number_of(town, no))
        assert town.client.post(call.path, content=call.body, headers=call.headers).status_code == 204
    with town.runtime.db.read() as session:
        row = session.sql("select id, source from inbox where subject = :no", no=number_of(town, no)).one()
    page = get(town, office, finance, f"/staff/payments/{no}")[1]
    assert re.search(r"<dt>Merchant account</dt><dd>east</dd>", page)
    assert row.source == "wechat_pay/east"
    assert "Callback of" in page
    shown = send(town, office, finance, f"/staff/payments/{no}/callbacks/{row.id}/reveal", reason="they ask about it")
    assert shown[0] == 200
    assert town.sandbox.credentials["wechat_pay_merchants"][0]["mchid"] in shown[1]
    card = get(town, office, finance, f"/staff/accounts/{town.house.account_no}")[1]
    assert "merchant account: east" in card


def test_what_the_provider_wrote_is_shown_to_few_for_a_reason_that_is_kept(
    town: Town, office: Office, finance: Member
) -> None:
    no = asked_for(town, town.house, minutes_ago=0)
    call = town.callback_of(number_of(town, no))
    assert town.client.post("/callbacks/wechat-pay", content=call.body, headers=call.headers).status_code == 204
    with town.runtime.db.read() as session:
        found: int = session.sql("select id from inbox where subject = :no", no=number_of(town, no)).scalar_one()
    path = f"/staff/payments/{no}/callbacks/{found}/reveal"
    why = {"reason": "the payer showed a receipt"}
    assert send(town, office, finance, path, reason="x")[0] == 422
    assert send(town, office, office.members["without"], path, **why)[0] == 403
    assert send(town, office, office.members["elsewhere"], path, **why)[0] == 404
    other = asked_for(town, town.house, minutes_ago=0)
    assert send(town, office, finance, f"/staff/payments/{other}/callbacks/{found}/reveal", **why)[0] == 404
    assert acts(town, "payments.revealed", no) == []
    status, page = send(town, office, finance, path, **why)
    assert status == 200
    order = town.sandbox.order(number_of(town, no))
    assert order is not None
    assert order["transaction_id"] in page
    assert order["openid"] in page
    assert order["openid"] not in get(town, office, finance, f"/staff/payments/{no}")[1]
    [act] = acts(town, "payments.revealed", no)
    assert (act.actor, act.after) == (f"staff:{finance.staff_id}", {"callback_id": found, **why})
    with town.runtime.db.write() as session:
        auditors = [office.employ(session, StaffRole.AUDITOR, unit) for unit in (HERE, ELSEWHERE)]
    read = [no in get(town, office, each, "/staff/audit?act=payments.revealed")[1] for each in auditors]
    assert read == [True, False], "whoever audits the unit of its account, and no other"


def test_a_payment_is_unknown_to_those_who_may_see_it_when_asking_should_have_ended_it(
    town: Town, office: Office, finance: Member
) -> None:
    lost = asked_for(town, town.house, minutes_ago=11, answer_lost=True)
    over = asked_for(town, town.house, minutes_ago=41)
    asked_for(town, town.house, minutes_ago=9, answer_lost=True)
    asked_for(town, town.house, minutes_ago=39)
    far = asked_for(town, town.far, minutes_ago=41)
    with town.runtime.db.write() as session:
        there = office.employ(session, StaffRole.FINANCE, ELSEWHERE)
        nowhere = office.employ(session, StaffRole.ADMIN, HERE)
        session.sql("update staff_grant set revoked_at = now() where staff_id = :id", id=nowhere.staff_id)
    listed = {
        who: re.findall(r'<th scope="row" class="num"><a href="/staff/payments/(\w+)"', page)
        for who, member in (("here", finance), ("there", there))
        for _, page in [get(town, office, member, "/staff/payments/unknown")]
    }
    assert listed == {"here": [lost, over], "there": [far]}
    assert get(town, office, nowhere, "/staff/payments/unknown")[0] == 403
    assert get(town, office, finance, f"/staff/payments/{far}")[0] == 404


def test_asking_now_books_what_was_paid_and_asks_once_however_often_one_presses(
    town: Town, office: Office, finance: Member
) -> None:
    no = asked_for(town, town.house, minutes_ago=5)
    town.sandbox.pay(number_of(town, no))
    path = f"/staff/payments/{no}/check"
    town.sandbox.fault("wechat_pay.query", "error_before", count=1)
    assert send(town, office, finance, path) == (303, f"/staff/payments/{no}?told=put_off")
    assert send(town, office, finance, path) == (303, f"/staff/payments/{no}?told=soon")
    with town.runtime.db.write() as session:
        session.sql("update payment_attempt set asked_at = :then where true", then=clock.now() - timedelta(seconds=3))
    assert send(town, office, finance, path) == (303, f"/staff/payments/{no}?told=booked")
    assert send(town, office, finance, path) == (303, f"/staff/payments/{no}?told=nothing")
    assert [each.actor for each in acts(town, "payments.checked", no)] == [f"staff:{finance.staff_id}"] * 2
    assert "It is booked." in get(town, office, finance, f"/staff/payments/{no}?told=booked")[1]
    with town.runtime.db.read() as session:
        assert queries.check_invariants(session) == []
        assert (
            session.sql(
                "select count(*) from txn where source = 5 and source_id = :id",
                id=paying.latest(town.runtime.db, no).id,
            ).scalar_one()
            == 1
        )


def test_only_those_may_ask_who_may_ask_there(town: Town, office: Office) -> None:
    no = asked_for(town, town.house, minutes_ago=5)
    with town.runtime.db.write() as session:
        auditor = office.employ(session, StaffRole.AUDITOR, HERE)
    assert send(town, office, auditor, f"/staff/payments/{no}/check")[0] == 403
    assert send(town, office, office.members["elsewhere"], f"/staff/payments/{no}/check")[0] == 404
    assert acts(town, "payments.checked", no) == []


def test_a_station_reads_no_more_of_a_payment_for_several_than_its_own_part(town: Town, office: Office) -> None:
    with town.runtime.db.read() as session:
        units = [
            session.sql("select id from unit where code = :code", code=code).scalar_one() for code in (HERE, ELSEWHERE)
        ]
    homes = [town.build(unit) for unit in units]
    person = town.settle(homes[0], has_payments=False)
    with town.runtime.db.write() as session:
        grant(session, user_id=person.user_id, account_id=homes[1].account.id)
        here, there, both = (office.employ(session, StaffRole.FINANCE, unit) for unit in (HERE, ELSEWHERE, HERE))
        staffing.grant(session, both.staff_id, role=StaffRole.FINANCE, unit=ELSEWHERE, now=clock.now())
    numbers = tuple(home.account_no for home in homes)
    household = paying.Household(person.user_id, homes[0].account, homes[0].bills)
    want = paying.wanted(household, 2 * 12_860, account_no=None, account_nos=numbers)
    no = paying.start(town.runtime.db, town.runtime.vault, want).payment.payment_no
    call = town.callback_of(number_of(town, no))
    assert town.client.post("/callbacks/wechat-pay", content=call.body, headers=call.headers).status_code == 204
    with town.runtime.db.read() as session:
        found: int = session.sql("select id from inbox where subject = :no", no=number_of(town, no)).scalar_one()
    reveal = f"/staff/payments/{no}/callbacks/{found}/reveal"
    why = {"reason": "the payer showed a receipt"}
    for member, home in ((here, homes[0]), (there, homes[1]), (both, homes[0])):
        sought = office.sought(member, "/staff/search", q=no)
        paths = (f"/staff/payments/{no}", f"/staff/accounts/{home.account_no}/payments", sought)
        pages = [get(town, office, member, path)[1] for path in paths]
        if member is both:
            assert ["257.20" in page for page in pages] == [True, True, True]
            assert send(town, office, member, reveal, **why)[0] == 200
        else:
            assert ["257.20" in page for page in pages] == [False, False, False]
            assert ["128.60" in page and " part" in page for page in pages] == [True, True, True]
            assert reveal not in pages[0]
            assert send(town, office, member, reveal, **why)[0] == 404
