"""Money without a place: found by whoever may, assigned once, and by two persons when it is much."""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from core import clock
from services.accounts.roles import StaffRole
from services.billing import queries as billing
from services.ledger import queries as ledger
from services.payments import operations, queries
from services.payments.ports import ProviderResult, TradeState
from tests.factories import payments as make
from tests.factories.payments import WECHAT, yuan
from tests.factories.staff import Member
from tests.support.office import ELSEWHERE, HERE, Office, office_of
from tests.support.town import Home, Town

_numbers = itertools.count(1)


@pytest.fixture
def office(town: Town) -> Office:
    """The staff of the town, all of whom have just given a code."""
    made = office_of(town)
    for member in made.members.values():
        if member is not made.members["disabled"]:
            made.fresh(member)
    return made


@pytest.fixture
def desks(town: Town, office: Office) -> tuple[Member, Member]:
    """Two of the finance department, who may decide for the whole supplier."""
    with town.runtime.db.write() as session:
        return office.employ(session, StaffRole.FINANCE, "37"), office.employ(session, StaffRole.FINANCE, "37")


@pytest.fixture(autouse=True)
def books(town: Town) -> Iterator[None]:
    """Whatever happened: the books hold."""
    yield
    with town.runtime.db.read() as session:
        assert ledger.check_invariants(session) == []
        assert billing.check_invariants(session) == []
        assert queries.check_invariants(session) == []
        assert queries.check_claims(session) == []


@contextmanager
def cut_off(town: Town) -> Iterator[None]:
    """Whoever writes that money has its place loses the database at that moment, after both postings."""
    address = town.settings.migration_database_url
    assert address is not None
    with psycopg.connect(address.get_secret_value(), autocommit=True) as owner:
        owner.execute(
            """create function cut_off() returns trigger language plpgsql as $$
               begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
               create trigger cut_off before update on payment_suspense for each row execute function cut_off()"""
        )
        try:
            yield
        finally:
            owner.execute("drop function cut_off() cascade")


def stray(town: Town, amount: int) -> int:
    """Money for a number that is not ours; answers its suspense."""
    no = next(_numbers)
    result = ProviderResult(
        WECHAT,
        f"STRANGER{no:016d}",
        TradeState.PAID,
        amount=yuan(amount),
        transaction_id=f"T{no:012d}",
        paid_at=clock.now(),
    )
    with town.runtime.db.write() as session:
        operations.apply_provider_result(session, result=result, now=clock.now())
        found: int = session.sql("select max(id) from payment_suspense").scalar_one()
    return found


def send(town: Town, office: Office, member: Member, path: str, **fields: str) -> tuple[int, str]:
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    form = {"csrf": office.form_token(member), **fields}
    answer = town.client.post(path, data=form, headers=headers, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", answer.text)


def get(town: Town, office: Office, member: Member, path: str) -> tuple[int, str]:
    town.client.cookies.clear()
    answer = town.client.get(path, headers={**office.browser(member), "accept-language": "en"}, follow_redirects=False)
    return answer.status_code, answer.text


def owed(town: Town, home: Home) -> tuple[int, int]:
    """What a home owes and has in advance."""
    with town.runtime.db.read() as session:
        found = billing.owed(session, account_id=home.account.id)
    return found.due.minor, found.prepaid.minor


def test_assigned_money_pays_the_oldest_bills_and_leaves_the_rest_in_advance(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    home, waiting = town.build(town.unit_id), stray(town, 20_000)
    status, _ = send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", account_no=home.account_no)
    assert status == 303
    assert owed(town, home) == (0, 20_000 - 12_860)
    page = get(town, office, desks[1], f"/staff/suspense/{waiting}")[1]
    assert f"Assigned to account {home.account_no} by Staff {desks[0].name}" in page
    assert "<dt>Provider</dt><dd>WeChat Pay</dd>" in page
    assert f'/staff/suspense/{waiting}"' not in get(town, office, desks[1], "/staff/suspense")[1]


def test_a_payment_closed_as_no_money_of_its_own_tells_its_payer_where_the_money_went(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    home = town.build(town.unit_id)
    payer = town.settle(home, has_payments=False)
    no, other = (town.start_payment(payer.user_id, home) for _ in range(2))
    named, another = (make.latest(town.runtime.db, each) for each in (no, other))
    less = make.paid(another, amount=yuan(90), paid_at=clock.now())
    make.apply(town.runtime.db, less)
    make.apply(town.runtime.db, make.paid(named, transaction_id=less.transaction_id))
    with town.runtime.db.read() as session:
        ids = session.sql(
            "select id from payment_suspense where transaction_id = :no order by id", no=less.transaction_id
        )
        money, claim = ids.scalars()

    def page() -> str:
        town.client.cookies.clear()
        answer = town.client.get(f"/payments/{no}", headers={**town.browser(payer), "accept-language": "en"})
        assert answer.status_code == 200, answer.text
        return answer.text

    assert "Our staff will assign it" in page()
    path = f"/staff/suspense/{money}/assign"
    assert send(town, office, desks[0], path, account_no=home.account_no)[0] == 303
    assert send(town, office, desks[0], f"/staff/suspense/{claim}/match", why="paid for the other one")[0] == 303
    assert f"Our staff gave it to account {home.account_no}" in page()


def test_it_is_assigned_once_however_often_it_is_asked_for(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    homes, waiting = [town.build(town.unit_id), town.build(town.unit_id)], stray(town, 5_000)
    answers = [
        send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", account_no=home.account_no)[0]
        for home in (homes[0], homes[0], homes[1])
    ]
    assert answers == [303, 422, 422]
    assert [owed(town, home) for home in homes] == [(7_860, 0), (12_860, 0)]


def test_whoever_dies_before_the_commit_has_moved_nothing_and_the_next_moves_it_once(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    home, waiting = town.build(town.unit_id), stray(town, 5_000)

    with cut_off(town):
        assert send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", account_no=home.account_no)[0] in {
            500,
            503,
        }
    assert owed(town, home) == (12_860, 0)
    assert send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", account_no=home.account_no)[0] == 303
    assert owed(town, home) == (7_860, 0)


def test_much_money_moves_when_a_second_person_approves_and_once(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    first, second = desks
    home, waiting = town.build(town.unit_id), stray(town, 200_000)
    asked = {"account_no": home.account_no, "reason": "The payer called with the receipt."}
    status, location = send(town, office, first, f"/staff/suspense/{waiting}/assign", **asked)
    assert (status, location) == (303, f"/staff/suspense/{waiting}?asked=1")
    assert owed(town, home) == (12_860, 0)
    assert send(town, office, first, f"/staff/suspense/{waiting}/assign", **asked)[0] == 422
    found = re.search(r"/staff/approvals/([0-9a-f-]{36})", get(town, office, second, "/staff/approvals")[1])
    assert found is not None
    approve = f"/staff/approvals/{found[1]}/approve"
    page = get(town, office, second, f"/staff/approvals/{found[1]}")[1]
    assert f'href="/staff/accounts/{home.account_no}"' in page
    assert f'href="/staff/suspense/{waiting}"' in page
    assert send(town, office, first, approve)[0] == 422
    assert owed(town, home) == (12_860, 0)

    with cut_off(town):
        assert send(town, office, second, approve)[0] in {500, 503}
    assert owed(town, home) == (12_860, 0)
    assert [send(town, office, second, approve)[0] for _ in range(2)] == [303, 422]
    assert owed(town, home) == (0, 200_000 - 12_860)


def test_what_nobody_knows_is_for_the_whole_suppliers_staff_and_what_has_an_order_for_its_unit(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    unknown = stray(town, 700)
    with town.runtime.db.write() as session:
        attempt = queries.latest_attempt(session, payment_no=town.people["far"].waiting_no)
        assert attempt is not None
        paid = ProviderResult(
            WECHAT,
            attempt.out_trade_no,
            TradeState.PAID,
            amount=yuan(attempt.amount.minor + 1),
            transaction_id="TFAR",
            paid_at=clock.now(),
        )
        operations.apply_provider_result(session, result=paid, now=clock.now())
        far: int = session.sql("select max(id) from payment_suspense").scalar_one()
        there = office.employ(session, StaffRole.FINANCE, ELSEWHERE)
        here = office.employ(session, StaffRole.FINANCE, HERE)
    seen = {
        (who, item): get(town, office, member, f"/staff/suspense/{item}")[0]
        for who, member in (("all", desks[0]), ("there", there), ("here", here))
        for item in (unknown, far)
    }
    assert seen == {
        ("all", unknown): 200,
        ("all", far): 200,
        ("there", unknown): 404,
        ("there", far): 200,
        ("here", unknown): 404,
        ("here", far): 404,
    }
    lists = {who: get(town, office, member, "/staff/suspense")[1] for who, member in (("there", there), ("here", here))}
    assert [f'/staff/suspense/{far}"' in lists[who] for who in ("there", "here")] == [True, False]
    assert send(town, office, here, f"/staff/suspense/{far}/assign", account_no=town.house.account_no)[0] == 404


def test_the_payer_and_staff_read_where_the_money_of_a_payment_went(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    home = town.build(town.unit_id)
    payer = town.settle(home, has_payments=False)
    no = town.start_payment(payer.user_id, home)
    with town.runtime.db.write() as session:
        attempt = queries.latest_attempt(session, payment_no=no)
        assert attempt is not None
        paid = ProviderResult(
            WECHAT,
            attempt.out_trade_no,
            TradeState.PAID,
            amount=yuan(attempt.amount.minor + 1),
            transaction_id=f"T{no}",
            paid_at=clock.now(),
        )
        operations.apply_provider_result(session, result=paid, now=clock.now())
        waiting: int = session.sql("select max(id) from payment_suspense").scalar_one()

    def pages() -> list[str]:
        town.client.cookies.clear()
        mine = town.client.get(f"/payments/{no}", headers={**town.browser(payer), "accept-language": "en"}).text
        staff = [f"/staff/payments/{no}", f"/staff/accounts/{home.account_no}"]
        return [mine, *(get(town, office, desks[0], path)[1] for path in staff)]

    before = pages()
    assert "Our staff will assign it" in before[0]
    assert all("In suspense" in page and f'"/staff/suspense/{waiting}"' in page for page in before[1:])
    assert send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", account_no=home.account_no)[0] == 303
    after = pages()
    assert f"Our staff gave it to account {home.account_no} on" in after[0]
    assert not any("Our staff will assign it" in page or "In suspense" in page for page in after)
    assert all("Given its place" in page and f'"/staff/suspense/{waiting}"' in page for page in after[1:])


def test_money_in_suspense_is_found_by_its_transaction_where_the_reader_may_see_it(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    waiting = stray(town, 5_000)
    with town.runtime.db.write() as session:
        here = office.employ(session, StaffRole.FINANCE, HERE)
        number = session.sql("select transaction_id from payment_suspense where id = :id", id=waiting).scalar_one()
    pages = [
        get(town, office, member, office.sought(member, "/staff/search", q=number))[1] for member in (desks[0], here)
    ]
    assert [f'href="/staff/suspense/{waiting}"' in page for page in pages] == [True, False]
    assert ["Nothing here is called that" in page for page in pages] == [False, True]


def test_money_goes_to_no_account_that_is_none(town: Town, office: Office, desks: tuple[Member, Member]) -> None:
    waiting = stray(town, 900)
    wrong = [
        send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", account_no=no)[0] for no in ("", "9999999999")
    ]
    assert wrong == [422, 422]


def refunds(town: Town, suspense_id: int) -> list[tuple[str, str]]:
    with town.runtime.db.read() as session:
        found = session.sql("select state, why from payment_refund where suspense_id = :id order by id", id=suspense_id)
        return [(row.state, row.why) for row in found]


def test_nobodys_money_is_sent_back_by_one_person_when_it_is_little(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    home, waiting = town.build(town.unit_id), stray(town, 5_000)
    path, why = f"/staff/suspense/{waiting}/return", "nobody knows the payer"
    assert send(town, office, desks[0], path, why="x")[0] == 422
    assert send(town, office, desks[0], path, why=why) == (303, f"/staff/suspense/{waiting}")
    assert send(town, office, desks[0], path, why=why)[0] == 422
    assert send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", account_no=home.account_no)[0] == 422
    assert refunds(town, waiting) == [("approved", why)]
    page = get(town, office, desks[1], f"/staff/suspense/{waiting}")[1]
    assert "To be asked for" in page
    assert why in page
    with town.runtime.db.read() as session:
        act = session.sql(
            "select actor, after ->> 'reason' as why from audit where act = 'payments.suspense_returned' and subject = :id",
            id=f"suspense:{waiting}",
        ).one()
    assert tuple(act) == (f"staff:{desks[0].staff_id}", why)


def test_much_goes_back_when_a_second_person_approves_and_never_beside_an_assignment(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    first, second = desks
    home, waiting = town.build(town.unit_id), stray(town, 200_000)
    asked = {"account_no": home.account_no, "reason": "The payer called with the receipt."}
    assert send(town, office, second, f"/staff/suspense/{waiting}/assign", **asked)[0] == 303
    path = f"/staff/suspense/{waiting}/return"
    status, page = send(town, office, first, path, why="nobody knows the payer")
    assert (status, "waits for a decision" in page) == (422, True), "one request at a time"
    page = get(town, office, first, f"/staff/suspense/{waiting}")[1]
    assert f"Staff {second.name} asked on" in page
    assert "to assign it." in page
    assert f'action="{path}"' not in page
    [away] = re.findall(r'"(/staff/approvals/[0-9a-f-]{36})"', page)
    assert send(town, office, first, f"{away}/refuse", why="The receipt is of another supplier.")[0] == 303
    assert send(town, office, first, path, why="nobody knows the payer") == (
        303,
        f"/staff/suspense/{waiting}?asked=1",
    )
    assert refunds(town, waiting) == []
    with town.runtime.db.write() as session:
        station = office.employ(session, StaffRole.FINANCE, HERE)
        asked_for = session.sql("select id from approval_request where kind = 'payments.return_suspense'").scalar_one()
    back = f"/staff/approvals/{asked_for}"
    assert get(town, office, station, back)[0] == 404, "what nobody knows is for the whole supplier's staff"
    assert send(town, office, first, f"{back}/approve")[0] == 422, "nobody decides about their own request"
    assert "Send CN¥2,000.00 of suspense back" in get(town, office, second, back)[1]
    assert [send(town, office, second, f"{back}/approve")[0] for _ in range(2)] == [303, 422]
    assert refunds(town, waiting) == [("approved", "nobody knows the payer")]
    assert owed(town, home) == (12_860, 0)


def named_twice(town: Town, amount: int) -> tuple[int, int]:
    """Nobody's money, and another number that is not ours either, named for the same transaction: their suspense."""
    money, other = stray(town, amount), next(_numbers)
    with town.runtime.db.write() as session:
        known = session.sql("select transaction_id from payment_suspense where id = :id", id=money).scalar_one()
        result = ProviderResult(
            WECHAT,
            f"STRANGER{other:016d}",
            TradeState.PAID,
            amount=yuan(amount),
            transaction_id=known,
            paid_at=clock.now(),
        )
        operations.apply_provider_result(session, result=result, now=clock.now())
        found: int = session.sql("select max(id) from payment_suspense").scalar_one()
    return money, found


def test_what_is_no_money_of_its_own_is_closed_by_two_when_it_is_about_much_and_after_the_money(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    first, second = desks
    money, claim = named_twice(town, 200_000)
    path, why = f"/staff/suspense/{claim}/match", "the provider corrected its number"
    assert f'/staff/suspense/{money}"' in get(town, office, first, f"/staff/suspense/{claim}")[1]
    assert send(town, office, first, path, why=why)[0] == 422, "its money waits"
    assert send(town, office, first, f"/staff/suspense/{money}/return", why="nobody knows the payer")[0] == 303
    with town.runtime.db.read() as session:
        back = session.sql("select id from approval_request where subject = :id", id=f"suspense:{money}").scalar_one()
    assert send(town, office, second, f"/staff/approvals/{back}/approve")[0] == 303
    assert send(town, office, first, path, why="x")[0] == 422
    assert send(town, office, first, path, why=why) == (303, f"/staff/suspense/{claim}?asked=1")
    with town.runtime.db.read() as session:
        asked = session.sql("select id from approval_request where subject = :id", id=f"suspense:{claim}").scalar_one()
    approve = f"/staff/approvals/{asked}/approve"
    assert "is no money of its own" in get(town, office, second, f"/staff/approvals/{asked}")[1]
    answers = [send(town, office, who, approve)[0] for who in (first, second, second)]
    assert answers == [422, 303, 422]
    page = get(town, office, second, f"/staff/suspense/{claim}")[1]
    assert f"Closed by Staff {first.name}" in page
    assert why in page
    assert f'/staff/suspense/{claim}"' not in get(town, office, second, "/staff/suspense")[1]


def test_what_is_no_money_of_its_own_and_little_is_closed_by_one(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    home = town.build(town.unit_id)
    money, claim = named_twice(town, 5_000)
    assert send(town, office, desks[0], f"/staff/suspense/{money}/assign", account_no=home.account_no)[0] == 303
    path = f"/staff/suspense/{claim}/match"
    answers = [send(town, office, desks[0], path, why="seen in their books")[0] for _ in range(2)]
    assert answers == [303, 422]
    assert owed(town, home) == (7_860, 0)


def test_what_went_out_twice_stands_at_the_top_and_is_decided_once_by_two_when_it_is_much(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    first, second = desks
    home, waiting = town.build(town.unit_id), stray(town, 200_000)
    with town.runtime.db.write() as session:
        refund_id = office.twice(session, waiting, home.account_no, first)
        here = office.employ(session, StaffRole.FINANCE, HERE)
    assert owed(town, home) == (0, 200_000 - 12_860)
    page = get(town, office, first, "/staff/suspense")[1]
    assert f'/staff/suspense/{waiting}"' in page[page.index("Went out twice") :]
    assert "Went out twice" not in get(town, office, here, "/staff/suspense")[1], "nobody knows where it belongs"
    path, form = f"/staff/suspense/{waiting}/decide", {"refund": str(refund_id), "way": "take_back"}
    assert send(town, office, here, path, why="seen in their books", **form)[0] == 404
    assert send(town, office, first, path, why="x", **form)[0] == 422
    assert send(town, office, first, path, why="seen in their books", **form) == (
        303,
        f"/staff/suspense/{waiting}?asked=1",
    )
    with town.runtime.db.read() as session:
        asked = session.sql(
            "select id from approval_request where subject = :id", id=f"suspense:{waiting}"
        ).scalar_one()
    approve = f"/staff/approvals/{asked}/approve"
    with cut_off(town):
        assert send(town, office, second, approve)[0] in {500, 503}
    assert owed(town, home) == (0, 200_000 - 12_860)
    assert [send(town, office, who, approve)[0] for who in (first, second, second)] == [422, 303, 422]
    assert owed(town, home) == (12_860, 0)
    assert "Went out twice" not in get(town, office, first, "/staff/suspense")[1]
    assert "Decided by" in get(town, office, first, f"/staff/suspense/{waiting}")[1]


def test_whoever_may_not_touch_a_sum_neither_finds_nor_decides_what_is_asked_about_it(
    town: Town, office: Office, desks: tuple[Member, Member]
) -> None:
    """It waits in one unit and is asked for in another: deciding takes somebody of both."""
    with town.runtime.db.write() as session:
        attempt = queries.latest_attempt(session, payment_no=town.start_payment(town.people["far"].user_id, town.far))
        assert attempt is not None
        paid = ProviderResult(
            WECHAT,
            attempt.out_trade_no,
            TradeState.PAID,
            amount=yuan(200_000),
            transaction_id=f"TFAR{next(_numbers)}",
            paid_at=clock.now(),
        )
        operations.apply_provider_result(session, result=paid, now=clock.now())
        waiting: int = session.sql("select max(id) from payment_suspense").scalar_one()
        here, there = (office.employ(session, StaffRole.FINANCE, unit) for unit in (HERE, ELSEWHERE))
    home = town.build(town.unit_id)
    asked = {"account_no": home.account_no, "reason": "The payer called with the receipt."}
    assert send(town, office, desks[0], f"/staff/suspense/{waiting}/assign", **asked)[0] == 303
    with town.runtime.db.read() as session:
        request_id = session.sql(
            "select id from approval_request where subject = :subject", subject=f"suspense:{waiting}"
        ).scalar_one()
    page = f"/staff/approvals/{request_id}"
    for member in (here, there):
        assert get(town, office, member, f"/staff/suspense/{waiting}")[0] == (200 if member is there else 404)
        assert get(town, office, member, page)[0] == 404
        assert page not in get(town, office, member, "/staff/approvals")[1]
        assert send(town, office, member, f"{page}/approve")[0] == 404
        assert send(town, office, member, f"{page}/refuse", why="Not now.")[0] == 404
    assert owed(town, home) == (12_860, 0)
    assert page in get(town, office, desks[1], "/staff/approvals")[1]
    assert send(town, office, desks[1], f"{page}/approve")[0] == 303
    assert owed(town, home) == (0, 200_000 - 12_860)
