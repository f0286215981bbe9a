"""Money that came for accounts of several stations is seen and moved only by whoever may in all of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.roles import StaffPermission, StaffRole
from services.ledger import queries as ledger
from services.payments import operations, queries
from services.payments.errors import SuspenseOver
from services.payments.queries import finding, placing
from tests.factories import payments as make
from tests.factories import staff as people
from tests.factories.accounts import make_unit, make_user
from tests.factories.payments import Household
from tests.factories.staff import ACTOR, Member

pytestmark = pytest.mark.usefixtures("offline")

BILL, WHOLE = 12_860, 25_720
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)
MAY = (
    StaffPermission.SUSPENSE_VIEW,
    StaffPermission.SUSPENSE_ASSIGN,
    StaffPermission.SUSPENSE_RETURN,
    StaffPermission.SUSPENSE_APPROVE,
)


@dataclass(frozen=True)
class Stations:
    """A person's homes in two stations, and the finance departments: of each, of both alone, and of all."""

    homes: tuple[Household, Household]
    here: Member
    there: Member
    both: Member
    above: Member


@pytest.fixture
def stations(database: Database, vault: Vault) -> Stations:
    with database.write() as session:
        make_unit(session)
        units = [make_unit(session, code=code, parent="37", kind="city") for code in ("3701", "3702", "3703")]
        here, there, both, above = (
            people.employ(session, vault, role=StaffRole.FINANCE, unit=code, now=clock.now())
            for code in ("3701", "3702", "3701", "37")
        )
        people.grant(session, both.staff_id, role=StaffRole.FINANCE, unit="3702", now=clock.now())
        user_id = make_user(session, vault)
    first, second = (
        make.household(database, vault, bills=(BILL,), user_id=user_id, unit_id=unit) for unit in units[:2]
    )
    return Stations((first, second), here, there, both, above)


@pytest.fixture(autouse=True)
def books(database: Database) -> Iterator[None]:
    """Whatever happened: the books hold."""
    yield
    with database.read() as session:
        assert ledger.check_invariants(session) == []
        assert queries.check_invariants(session) == []
        assert queries.check_claims(session) == []


def together(database: Database, vault: Vault, stations: Stations) -> str:
    """An order for both homes; answers its payment number."""
    numbers = tuple(home.account.account_no for home in stations.homes)
    want = replace(make.wanted(stations.homes[0], WHOLE), account_no=None, account_nos=numbers)
    return make.order(database, vault, want)


def paid_twice(database: Database, no: str) -> int:
    """A second transaction for an order that is paid; answers its suspense."""
    result = replace(make.paid(make.latest(database, no)), paid_at=clock.now())
    make.apply(database, result)
    make.apply(database, replace(result, transaction_id="SECOND"))
    with database.read() as session:
        [waiting] = make.suspense(session)
    return waiting.id


def found(database: Database, by: Member, suspense_id: int) -> list[StaffPermission]:
    """What somebody may do with a sum; the list says the same as the page of one."""
    with database.read() as session:
        seen = [
            may
            for may in MAY
            if placing.suspense_item(
                session, suspense_id=suspense_id, staff_id=by.staff_id, permission=may, now=clock.now()
            )
        ]
        listed = placing.suspense_page(session, staff_id=by.staff_id, after=None, limit=9, now=clock.now())
    assert [each.id for each in listed] == ([suspense_id] if StaffPermission.SUSPENSE_VIEW in seen else [])
    return seen


def assign(database: Database, suspense_id: int, home: Household, by: Member) -> None:
    with database.write() as session:
        operations.assign(
            session,
            suspense_id=suspense_id,
            account_no=home.account.account_no,
            by=by.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )


def give_back(database: Database, suspense_id: int, by: Member) -> None:
    with database.write() as session:
        operations.return_to_payer(
            session,
            suspense_id=suspense_id,
            why="paid twice",
            by=by.staff_id,
            approved_by=None,
            actor=ACTOR,
            now=clock.now(),
        )


def test_no_station_alone_sees_assigns_or_returns_what_came_for_several(
    database: Database, vault: Vault, stations: Stations
) -> None:
    waiting = paid_twice(database, together(database, vault, stations))
    for by, home in zip((stations.here, stations.there), stations.homes, strict=True):
        assert found(database, by, waiting) == []
        with pytest.raises(SuspenseOver):
            assign(database, waiting, home, by)
        with pytest.raises(SuspenseOver):
            give_back(database, waiting, by)
    for by in (stations.both, stations.above):
        assert found(database, by, waiting) == list(MAY)
    assign(database, waiting, stations.homes[1], stations.both)
    assert [make.books(database, home).prepaid for home in stations.homes] == [0, WHOLE]


def test_what_came_for_several_and_went_back_is_in_no_log_of_one_station(
    database: Database, vault: Vault, stations: Stations
) -> None:
    waiting = paid_twice(database, together(database, vault, stations))
    give_back(database, waiting, stations.both)
    with database.read() as session:
        logged = session.sql(
            "select u.code from audit a join unit u on u.id = a.unit_id where a.act = 'payments.suspense_returned'"
        ).scalar_one()
    assert logged == "37"


def test_a_sum_follows_the_accounts_that_it_came_for_and_that_of_one_station_stays_its_own(
    database: Database, vault: Vault, stations: Stations
) -> None:
    waiting = paid_twice(database, together(database, vault, stations))
    with database.write() as session:
        session.sql(
            "update account set unit_id = (select id from unit where code = '3701') where id = :id",
            id=stations.homes[1].account.id,
        )
    assert found(database, stations.here, waiting) == list(MAY)
    assert found(database, stations.there, waiting) == []


def test_a_station_reads_its_own_part_of_a_payment_and_is_told_that_it_is_one(
    database: Database, vault: Vault, stations: Stations
) -> None:
    no = together(database, vault, stations)
    make.apply(database, make.paid(make.latest(database, no)))
    assert read(database, stations.here, no, stations.homes[0]) == (BILL, True)
    assert read(database, stations.there, no, stations.homes[1]) == (BILL, True)
    for by in (stations.both, stations.above):
        assert read(database, by, no, stations.homes[0]) == (WHOLE, False)


def read(database: Database, by: Member, no: str, home: Household) -> tuple[int, bool]:
    """What a payment comes to, and whether that is a part of it: the same wherever it is read."""
    now = clock.now()
    with database.read() as session:
        whole = finding.payment(
            session, payment_no=no, staff_id=by.staff_id, permission=StaffPermission.PAYMENTS_VIEW, now=now
        )
        assert whole is not None
        [listed] = finding.payments_of(
            session,
            account_id=home.account.id,
            staff_id=by.staff_id,
            before=LAST,
            limit=9,
            now=now,
        )
        [searched] = finding.found_payments(session, number=no, staff_id=by.staff_id, now=now)
    told = {
        *((each.amount.minor, each.is_part) for each in (whole.payment, listed, searched)),
        *((each.amount.minor, whole.payment.is_part) for each in (*whole.payment.attempts, *listed.attempts)),
    }
    assert len(told) == 1
    return told.pop()


def test_an_unknown_payment_of_several_stations_shows_each_its_part(
    database: Database, vault: Vault, stations: Stations
) -> None:
    together(database, vault, stations)
    later = clock.now() + timedelta(days=1)
    with database.read() as session:
        told = [
            [
                (each.amount.minor, each.is_part)
                for each in finding.unknown_payments(session, staff_id=by.staff_id, after=FIRST, limit=9, now=later)
            ]
            for by in (stations.here, stations.both)
        ]
    assert told == [[(BILL, True)], [(WHOLE, False)]]
