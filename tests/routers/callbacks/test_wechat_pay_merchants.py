"""Callbacks of several merchant accounts: each has its own address, and takes nothing of another's."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import credentials
from sandbox.credentials import Platform
from tests.factories import payments as make
from tests.factories.accounts import make_unit
from tests.support.receiver import Call
from tests.support.town import Home, Person, Town, branched
from tests.support.wechat_notices import URL, notice, paid, signed

EAST = "wechat_pay/east"


@pytest.fixture(autouse=True)
def _merchants(town: Town) -> Iterator[None]:
    """The branch 3709 has a merchant account of its own."""
    town.sandbox.clear_faults()
    with branched(town, "3709"):
        yield


@pytest.fixture
def branch_home(town: Town) -> Home:
    with town.runtime.db.write() as session:
        unit_id = make_unit(session, code="3709", parent="37", kind="city")
    return town.build(unit_id)


@pytest.fixture
def payer(town: Town, branch_home: Home) -> Person:
    return town.settle(branch_home, has_payments=False)


@pytest.fixture
def out_trade_no(town: Town, branch_home: Home, payer: Person) -> str:
    """A payment under way at the branch's merchant account."""
    return make.latest(town.runtime.db, town.start_payment(payer.user_id, branch_home)).out_trade_no


@pytest.fixture
def platforms(town: Town) -> tuple[Platform, Platform]:
    """The platform's side of the keys, for the default and for the branch's merchant account."""
    first, branch = credentials.load_merchants(town.sandbox.home)
    return first, branch


def send(town: Town, call: Call, *, to: str) -> Any:
    headers = {name: value for name, value in call.headers.items() if name.startswith(("wechatpay-", "content-type"))}
    return town.client.post(to, content=call.body, headers=headers)


def facts(town: Town) -> tuple[int, int]:
    with town.runtime.db.read() as session:
        row = session.sql(
            "select (select count(*) from inbox) as notices, (select count(*) from txn where source in (5, 7)) as booked"
        ).one()
    return row.notices, row.booked


def refusals(town: Town, source: str) -> int:
    with town.runtime.db.read() as session:
        rows = session.sql("select refusals from payment_callback_refusal where source = :source", source=source)
        return sum(rows.scalars())


def test_the_platform_calls_the_branchs_address_and_the_payment_is_booked(town: Town, out_trade_no: str) -> None:
    before = facts(town)
    call = town.callback_of(out_trade_no)
    assert call.path == f"{URL}/east"
    for _ in range(2):
        assert send(town, call, to=call.path).status_code == 204
    assert facts(town) == (before[0] + 1, before[1] + 1)
    with town.runtime.db.read() as session:
        kept = session.sql("select source from inbox where subject = :no", no=out_trade_no).scalars().all()
        state = session.sql("select state from payment_attempt where out_trade_no = :no", no=out_trade_no).scalar_one()
    assert (kept, state) == ([EAST], "paid")


def test_what_is_signed_for_one_merchant_is_refused_and_counted_at_the_others_address(
    town: Town, platforms: tuple[Platform, Platform], out_trade_no: str
) -> None:
    before, counted = facts(town), (refusals(town, "wechat_pay"), refusals(town, EAST))
    call = town.callback_of(out_trade_no)
    assert send(town, call, to=URL).status_code in {400, 401}, "the branch's at the default's address"
    first, branch = platforms
    default = signed(first, notice(first, paid(first, "N" * 24), number="crossed-1"))
    assert send(town, default, to=f"{URL}/east").status_code in {400, 401}
    # Sealed for the branch, and about the other merchant: one key of ours in the wrong hands moves nothing here.
    lie = signed(branch, notice(branch, paid(first, out_trade_no), number="crossed-2"))
    assert send(town, lie, to=f"{URL}/east").status_code == 400
    assert facts(town) == before
    assert (refusals(town, "wechat_pay"), refusals(town, EAST)) == (counted[0] + 1, counted[1] + 2)
    assert send(town, call, to=call.path).status_code == 204, "at its own address it is taken"


def test_money_of_one_merchant_that_names_a_number_of_another_waits_in_suspense_and_books_nothing(
    town: Town, platforms: tuple[Platform, Platform]
) -> None:
    payment_no = town.start_payment(town.people["owner"].user_id, town.house)
    attempt = make.latest(town.runtime.db, payment_no)
    _, branch = platforms
    word = paid(branch, attempt.out_trade_no, transaction_id="T-CROSSED")
    assert send(town, signed(branch, notice(branch, word, number="crossed-3")), to=f"{URL}/east").status_code == 204
    assert make.latest(town.runtime.db, payment_no).state == attempt.state
    with town.runtime.db.read() as session:
        waiting = session.sql("select merchant, reason from payment_suspense where transaction_id = 'T-CROSSED'").one()
    assert tuple(waiting) == ("east", "unknown_order")


@pytest.mark.parametrize("merchant", ["default", "west", "wechat_pay/east"])
def test_an_address_of_no_merchant_is_none(town: Town, out_trade_no: str, merchant: str) -> None:
    assert send(town, town.callback_of(out_trade_no), to=f"{URL}/{merchant}").status_code == 404
