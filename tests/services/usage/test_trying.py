"""A tariff is tried on many accounts by a job: whole whoever is killed, as exact as on few, for its asker alone, for a day."""

import random
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from core import clock, faults
from core.crypto.vault import Vault
from core.db import Database
from jobs import runtime
from jobs import usage as jobs
from services.accounts.roles import StaffRole
from services.tariffs.queries import Tariff, parse, period_of
from services.usage import flows, operations, queries
from services.usage.errors import DryRunsMany
from services.usage.models import DryRunState
from services.usage.operations import trying
from services.usage.queries import Asker, TriedRun, comparing
from services.usage.queries.comparing import compare
from services.usage.queries.trying import MOST_NAMED, compare_many
from services.usage.queries.trying import _by_sql as by_sql
from services.usage.queries.views import Difference, Unpriced
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit
from tests.factories.staff import Member
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, put_readings
from tests.services.usage.test_pricing import document
from tests.services.usage.test_running import GUANGZHOU, SHANDONG, hourly
from tests.support.reading import rows_read

JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)
ACCOUNTS: Final = 7


class Desk:
    """A member of staff of one station, whose accounts are on one tariff."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self.db = db
        with db.write() as session:
            make_unit(session)
            self.unit_id = make_unit(session, code="3701", parent="37", kind="city", name="Here")
            other = make_unit(session, code="3702", parent="37", kind="city", name="There")
            self.me = people.member(session, vault, now=clock.now())
            people.grant(session, self.me.staff_id, role=StaffRole.MANAGER, unit="3701", now=clock.now())
            version = make_version(session, code="FLAT")
            make_calendar(session, version, days_of(JULY, AUGUST))
            here = [make_account(session, vault, unit_id=self.unit_id).id for _ in range(ACCOUNTS)]
            there = make_account(session, vault, unit_id=other).id
            for each in (*here, there):
                bind(session, each, "FLAT")
                put_readings(session, each, hourly(JULY, AUGUST, 500_000), minutes=60)
            operations.aggregate(session, months={JULY: [*here, there]}, zone=ZONE)
        self.accounts = here

    def ask(self, wanted: dict[str, Any] = GUANGZHOU) -> UUID:
        with self.db.write() as session:
            return operations.ask_dry_run(
                session,
                asker=Asker.STAFF,
                asker_id=self.me.staff_id,
                tariff_code="FLAT",
                version_no=1,
                document=wanted,
                unit_ids=[self.unit_id],
                month=JULY,
                now=clock.now(),
            )

    def work(self) -> int:
        return flows.compare_all(self.db, zone=ZONE, now=clock.now, is_over=lambda: False)

    def run(self, run_id: UUID, *, by: Member | None = None, now: datetime | None = None) -> TriedRun | None:
        with self.db.read() as session:
            return queries.tried_run(
                session,
                run_id=run_id,
                asker=Asker.STAFF,
                asker_id=(by or self.me).staff_id,
                now=now or clock.now(),
            )


@pytest.fixture
def desk(database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(trying, "PIECE", 3)
    return Desk(database, vault)


@pytest.mark.parametrize("point", ["usage.dry_run.before_commit", "usage.dry_run.committed"])
@pytest.mark.parametrize("nth", [1, 2])
def test_whoever_is_killed_loses_and_doubles_no_account(desk: Desk, point: str, nth: int) -> None:
    class Killed(BaseException):
        """No handler of the flow sees it, as none sees a killed process."""

    passed = 0

    def kill(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == nth:
            raise Killed

    run_id = desk.ask()
    faults.arm(kill)
    try:
        with pytest.raises(Killed):
            desk.work()
    finally:
        faults.arm(None)
    begun = desk.run(run_id)
    assert begun is not None
    assert (begun.state, begun.accounts, begun.of_accounts) == (
        DryRunState.ASKED,
        3 * (nth - (point == "usage.dry_run.before_commit")),
        ACCOUNTS,
    )
    desk.work()
    found = desk.run(run_id)
    assert found is not None
    assert found.result is not None
    assert (found.state, found.accounts) == (DryRunState.READY, ACCOUNTS)
    with desk.db.read() as session:
        few = queries.dry_run(
            session,
            tariff_code="FLAT",
            version_no=1,
            tariff=parse(GUANGZHOU),
            unit_ids=[desk.unit_id],
            month=JULY,
            zone=ZONE,
        )
    assert (found.result.by_class, found.result.unpriced) == (few.by_class, few.unpriced)
    assert {each.account_id: each.after for each in found.result.largest} == {
        each.account_id: each.after for each in few.largest
    }


def place_of(tariff: Tariff, at: datetime) -> int:
    return tariff.periods.index(period_of(tariff, at)) + 1


@pytest.mark.parametrize("seed", range(3))
def test_statement_and_engine_compare_alike_whatever_is_tried(database: Database, vault: Vault, seed: int) -> None:
    dice = random.Random(seed)
    now, later = document(dice, 0), document(dice, 1)
    with database.write() as session:
        accounts = [make_account(session, vault) for _ in range(12)]
        for first, end, each in ((date(2024, 1, 1), date(2025, 7, 16), now), (date(2025, 7, 16), None, later)):
            tariff = parse(each)
            version = make_version(
                session, code="NOW", document=each, periods=tariff.periods, valid_from=first, valid_to=end
            )
            days = days_of(max(first, date(2025, 6, 1)), end or AUGUST)
            make_calendar(session, version, days, period=partial(place_of, tariff))
        for at, account in enumerate(accounts):
            bind(session, account.id, "NOW", first=date(2025, 7, 9) if at % 5 == 4 else date(2020, 1, 1))
            days_read = hourly(date(2025, 6, 1), AUGUST, 0)
            put_readings(
                session,
                account.id,
                {day: [dice.randrange(1_500_000) for _ in energies] for day, energies in days_read.items()},
                minutes=60,
            )
            if at % 3 == 0:
                session.sql(
                    """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
                       select id, 1, customer_id, 'persons', :persons, date '2025-01-01', now()
                       from account where id = :account""",
                    account=account.id,
                    persons=dice.randint(4, 7),
                )
        ids = [account.id for account in accounts]
        operations.aggregate(session, months={date(2025, 6, 1): ids, JULY: ids}, zone=ZONE)
    with database.read() as session:
        rows = session.sql(
            """select a.id, a.account_no, a.class as account_class, array_agg(distinct m.version_id) as version_ids
               from account a join usage_month m on m.account_id = a.id and m.month = :month
               group by a.id order by a.id""",
            month=JULY,
        ).all()
        for wanted in (GUANGZHOU, SHANDONG, FLAT, document(dice, 2), document(dice, 3)):
            asked: dict[str, Any] = {"tariff_code": "NOW", "tariff": parse(wanted), "month": JULY, "zone": ZONE}
            exact = {each.account_id: each for each in compare(session, rows=rows, **asked)}
            assert {each.account_id: each for each in compare_many(session, rows=rows, **asked)} == exact
            assert len(by_sql(session, rows, **asked)) == 10, "those that lack no tariff for a part of the month"


@pytest.mark.parametrize("tried", [SHANDONG, SHANDONG | {"rounding": {"mode": "half_even", "stage": "line"}}])
def test_the_very_same_tariff_makes_no_difference_whoever_holds_the_account_since(
    database: Database, vault: Vault, tried: dict[str, Any]
) -> None:
    with database.write() as session:
        stays, left_later, left_within = accounts = [make_account(session, vault).id for _ in range(3)]
        version = make_version(session, code="NOW", document=SHANDONG)
        make_calendar(session, version, days_of(JULY, AUGUST))
        for each in accounts:
            bind(session, each, "NOW")
            put_readings(session, each, hourly(JULY, AUGUST, 700_000), minutes=60)
        for each, since in ((left_later, "2025-08-03"), (left_within, "2025-07-20")):
            session.sql(
                "update account set holder_since = :since where id = :id", since=date.fromisoformat(since), id=each
            )
        operations.aggregate(session, months={JULY: accounts}, zone=ZONE)
    with database.read() as session:
        rows = session.sql(
            """select a.id, a.account_no, a.class as account_class, array_agg(distinct m.version_id) as version_ids
               from account a join usage_month m on m.account_id = a.id and m.month = :month group by a.id order by a.id""",
            month=JULY,
        ).all()
        found = {
            each.account_id: each
            for each in compare_many(session, rows=rows, tariff_code="NOW", tariff=parse(tried), month=JULY, zone=ZONE)
        }
    costs = {at: (each.before, each.after) for at, each in found.items() if isinstance(each, Difference)}
    assert costs.keys() == {stays, left_later}, "a month of two holders is compared for neither, and named"
    assert costs[left_later] == costs[stays]
    assert all(before == after for before, after in costs.values())
    assert isinstance(found[left_within], Unpriced)


@pytest.mark.parametrize(
    ("change", "is_kept"),
    [
        ({"name": "dearer"}, True),
        (FLAT, True),
        ({"energy": GUANGZHOU["energy"] | {"windows": GUANGZHOU["energy"]["windows"][:-1]}}, False),
    ],
)
def test_intervals_are_read_again_only_where_what_is_tried_has_other_hours(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], is_kept: bool
) -> None:
    now, tried = parse(GUANGZHOU), parse(change if "id" in change else GUANGZHOU | change)
    dice = random.Random(1)
    with database.write() as session:
        accounts = [make_account(session, vault).id for _ in range(3)]
        version = make_version(session, code="NOW", document=GUANGZHOU, periods=now.periods)
        make_calendar(session, version, days_of(JULY, AUGUST), period=partial(place_of, now))
        for each in accounts:
            bind(session, each, "NOW", first=date(2025, 7, 9) if each == accounts[2] else date(2020, 1, 1))
            used = {day: [dice.randrange(1_500_000) for _ in range(24)] for day in days_of(JULY, AUGUST)}
            put_readings(session, each, used, minutes=60)
        session.sql("update account set holder_since = '2025-07-20' where id = :id", id=accounts[1])
        operations.aggregate(session, months={JULY: accounts}, zone=ZONE)
    with database.write() as session:
        for some in (accounts[:2], accounts[2:]):
            read = partial(comparing.drafted, session, some, tried, JULY, ZONE)
            kept = read()
            is_read = rows_read(session, read, table="interval_day") > 0
            assert is_read != (is_kept and accounts[2] not in some), "who lacks a tariff for a part of the month"
            with monkeypatch.context() as patch:
                patch.setattr(comparing, "kept_uses", lambda *_, **__: {})
                assert kept == read()


def test_who_cannot_be_priced_is_told_by_the_engine_with_the_reason(desk: Desk) -> None:
    contracted = {
        **FLAT,
        "demand": {"mode": "contract", "price": "36.00", "over_ratio": "1.05", "over_multiplier": "2"},
    }
    run_id = desk.ask(contracted)
    desk.work()
    found = desk.run(run_id)
    assert found is not None
    assert found.result is not None
    assert (found.unpriced, found.result.by_class) == (ACCOUNTS, ())
    assert {each.faults[0].code for each in found.result.unpriced} == {"fact_missing"}
    assert MOST_NAMED > ACCOUNTS


def test_an_account_that_nobody_foresaw_is_named_and_the_others_are_compared(desk: Desk) -> None:
    endless = desk.accounts[4]
    with desk.db.write() as session:
        session.sql(
            "update interval_day set energies = array_fill(9000000000000000000, array[24]) where account_id = :id",
            id=endless,
        )
    run_id = desk.ask()
    with capture_logs() as logs:
        assert desk.work() == ACCOUNTS
    failed = [each for each in logs if each["event"] == "dry_run_account_failed"]
    assert [(each["account_id"], each["exc_info"]) for each in failed] == [(endless, True)]
    found = desk.run(run_id)
    assert found is not None
    assert found.result is not None
    assert [(each.account_id, [str(fault.code) for fault in each.faults]) for each in found.result.unpriced] == [
        (endless, ["price_failed"])
    ]
    assert {each.account_id for each in found.result.largest} == {*desk.accounts} - {endless}


def test_what_is_compared_at_once_names_such_an_account_too_and_fails_where_too_many_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = partial(queries.dry_run, tariff_code="FLAT", version_no=2, tariff=parse(GUANGZHOU), month=JULY, zone=ZONE)
    endless = desk.accounts[4]
    overflow = (
        "update interval_day set energies = array_fill(9000000000000000000, array[24]) where account_id = any(:ids)"
    )
    with desk.db.write() as session:
        session.sql(overflow, ids=[endless])
    with desk.db.read() as session:
        found = run(session, unit_ids=[desk.unit_id])
    assert [(each.account_id, [str(fault.code) for fault in each.faults]) for each in found.unpriced] == [
        (endless, ["price_failed"])
    ]
    assert (found.accounts, sum(each.accounts for each in found.by_class)) == (ACCOUNTS, ACCOUNTS - 1)
    monkeypatch.setattr(comparing, "MOST_ALONE", 1)
    with desk.db.write() as session:
        session.sql(overflow, ids=desk.accounts[:2])
    with desk.db.read() as session, pytest.raises(sa.exc.DataError):
        run(session, unit_ids=[desk.unit_id])


def test_a_run_in_which_too_many_fail_by_themselves_is_left_as_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "MOST_ALONE", 1)
    with desk.db.write() as session:
        session.sql("update interval_day set energies = array_fill(9000000000000000000, array[24])")
    run_id = desk.ask()
    for _ in range(trying.MOST_FAILURES):
        with capture_logs() as logs:
            assert desk.work() == 0
        [put_off] = [each for each in logs if each["event"] == "dry_run_put_off"]
        assert put_off["exc_info"], "whoever looks for the fault finds where it is"
        with desk.db.write() as session:
            session.sql("update dry_run set due_at = now() where state = 'asked'")
    found = desk.run(run_id)
    assert found is not None
    assert (found.state, found.accounts) == (DryRunState.FAILED, 0)


def test_a_run_is_its_askers_while_they_may_see_its_units_and_for_a_day(desk: Desk, vault: Vault) -> None:
    run_id = desk.ask()
    desk.work()
    with desk.db.write() as session:
        other = people.member(session, vault, now=clock.now())
        people.grant(session, other.staff_id, role=StaffRole.ADMIN, unit="37", now=clock.now())
    assert desk.run(run_id) is not None
    assert desk.run(run_id, by=other) is None
    assert desk.run(run_id, now=clock.now() + timedelta(days=1)) is None
    late = desk.ask()
    with desk.db.write() as session:
        session.sql("update staff_grant set revoked_at = now() where staff_id = :id", id=desk.me.staff_id)
    assert desk.run(run_id) is None
    assert desk.work() == 0
    with desk.db.write() as session:
        assert session.sql("select state from dry_run where id = :id", id=late).scalar_one() == "refused"
        session.sql("update dry_run set expires_at = now() - interval '1 minute'")
    runtime.use(desk.db)
    jobs.purge_dry_runs()
    with desk.db.read() as session:
        assert session.sql("select count(*) from dry_run").scalar_one() == 0


def test_nobody_has_more_than_a_few_worked_on_at_a_time(desk: Desk) -> None:
    for _ in range(trying.MOST_AT_ONCE):
        desk.ask()
    with pytest.raises(DryRunsMany):
        desk.ask()
    desk.work()
    desk.ask()
