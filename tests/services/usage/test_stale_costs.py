"""A stored cost goes with what it was priced by, and comes back by itself: exactly those, and nobody is overtaken."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Final

import pytest

from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.outbox import Delivery
from jobs import runtime, usage
from notifications.setup import SETUP, Setup
from services.accounts.events import EntitlementsChanged
from services.usage import operations
from services.usage.queries import invariants
from tests.factories.accounts import make_account
from tests.factories.tariffs import make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, put_readings
from tests.support.waiting import wait_for_waiting

YEARLY: Final[dict[str, object]] = {
    "id": "yearly",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "line"},
    "energy": {"lines": "per_tier", "prices": {"all": "0.50"}},
    "tiers": {"cycle": "year", "bounds_per_month": ["8", "16"], "adders": ["0", "0.10", "0.30"], "first_month": 7},
    "household": {"min_persons": 5, "extra_kwh_per_month": "10", "mode": "shift_all"},
}
MONTHS: Final = tuple(date(2025, month, 1) for month in range(5, 10))
NOW: Final = datetime(2100, 1, 1, tzinfo=UTC)
DAY: Final = [1_000_000] * 24
Costs = dict[tuple[int, int], int]


class Town:
    """Two accounts on one tariff, of which each month has three days of readings, priced by the task."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.db = database
        with database.write() as session:
            self.one, self.other = make_account(session, vault).id, make_account(session, vault).id
            version = make_version(session, code="A", document=YEARLY)
            for month in MONTHS:
                make_calendar(session, version, days_of(month, month.replace(day=4)))
            for account_id in (self.one, self.other):
                bind(session, account_id, "A", first=date(2024, 7, 1))
                days = [month.replace(day=day) for month in MONTHS for day in (1, 2, 3)]
                put_readings(session, account_id, dict.fromkeys(days, DAY), minutes=60)

    def read(self, days: Mapping[date, list[int | None]]) -> None:
        with self.db.write() as session:
            put_readings(session, self.one, days, minutes=60)
            while operations.follow_readings(session, zone=ZONE) is not None:
                pass

    def walk(self) -> None:
        with self.db.write() as session:
            operations.follow_agreements(session, zone=ZONE)
            operations.look_through(session, now=NOW, zone=ZONE)

    def costs(self) -> Costs:
        """By account and month."""
        with self.db.read() as session:
            rows = session.sql("select account_id, month, total_minor from usage_cost").all()
        return {(row.account_id, row.month.month): row.total_minor for row in rows}

    def months_gone(self) -> list[int]:
        """Of the first account; the other has all that it had."""
        here = self.costs()
        assert {month for account_id, month in here if account_id == self.other} == {5, 6, 7, 8, 9}
        return [month for month in (5, 6, 7, 8, 9) if (self.one, month) not in here]

    def anew(self) -> Costs:
        """What everything costs when it is priced at once."""
        with self.db.write() as session:
            session.sql("delete from usage_cost")
            session.sql("insert into usage_unpriced (month, first_account) select distinct month, 1 from usage_month")
        usage.price()
        return self.costs()


@pytest.fixture
def town(database: Database, vault: Vault, settings: Settings) -> Iterator[Town]:
    runtime.use(database)
    SETUP.fill(Setup(settings, vault, None))
    made = Town(database, vault)
    usage.aggregate()
    usage.price()
    assert len(made.costs()) == 2 * len(MONTHS)
    yield made
    with database.read() as session:
        assert invariants(session, first_account=1, last_account=made.other) == []


def test_other_use_drops_its_month_and_the_later_ones_of_the_cycle_and_they_come_back(town: Town) -> None:
    before = town.costs()
    town.read({date(2025, 7, 2): [2_000_000] * 24})
    assert town.months_gone() == [7, 8, 9]
    usage.price()
    after = town.costs()
    assert {month for (_, month), total in after.items() if total > before[town.one, month]} == {7, 8, 9}
    assert after == town.anew()


def test_the_last_month_of_a_cycle_drops_none_of_the_next(town: Town) -> None:
    town.read({date(2025, 6, 2): [2_000_000] * 24})
    assert town.months_gone() == [6]


def test_a_month_of_the_same_use_at_other_hours_drops_itself_alone(town: Town) -> None:
    town.read({date(2025, 7, 2): [12_000_000, *[0] * 11, 12_000_000, *[0] * 11]})
    assert town.months_gone() == [7]


def test_nothing_is_dropped_by_readings_that_change_nothing(town: Town) -> None:
    town.read({date(2025, 7, 2): list(DAY)})
    assert town.months_gone() == []


def test_who_leaves_at_the_end_of_a_month_changes_the_limits_before_and_the_use_after(town: Town) -> None:
    """No part changes: the cycle does, from its first month on."""
    with town.db.write() as session:
        session.sql("update account set holder_since = '2025-08-01' where id = :id", id=town.one)
    town.walk()
    assert town.months_gone() == [7, 8, 9]
    usage.price()
    assert town.costs() == town.anew()


def test_what_is_lost_comes_back_with_the_walk(town: Town) -> None:
    before = town.costs()
    with town.db.write() as session:
        session.sql("delete from usage_cost where account_id = :id", id=town.one)
    town.walk()
    usage.price()
    assert town.costs() == before


def test_a_pricing_that_is_not_committed_while_its_ground_goes_leaves_no_cost(town: Town) -> None:
    """Persons become known while a month is priced without them: who drops waits, and drops what was priced."""
    event = EntitlementsChanged(account_ids=[town.one], since=["2025-08-01"], until=["2025-09-01"])

    def becomes_known() -> None:
        with town.db.write() as session:
            operations.note_entitlements_changed(session, Delivery(1, event, NOW), event)

    town.read({date(2025, 9, 2): [2_000_000] * 24, date(2025, 8, 2): [2_000_000] * 24})
    with ThreadPoolExecutor(1) as pool:
        with town.db.write() as pricing:
            while operations.price_next(pricing) is not None:
                pass
            with town.db.write() as session:
                session.sql(
                    """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
                       select id, 1, customer_id, 'persons', 5, '2025-08-01', now() from account where id = :id""",
                    id=town.one,
                )
            late = pool.submit(becomes_known)
            wait_for_waiting(town.db, message="who drops did not wait for who prices")
        late.result(timeout=60)
    assert town.months_gone() == [8]
    with town.db.write() as session:
        event = EntitlementsChanged(account_ids=[town.one], since=["2025-09-01"])
        operations.note_entitlements_changed(session, Delivery(2, event, NOW), event)
    usage.price()
    assert town.costs() == town.anew()


def test_two_workers_price_different_months(town: Town) -> None:
    town.read({date(2025, 6, 2): [2_000_000] * 24, date(2025, 9, 2): [2_000_000] * 24})
    with town.db.write() as one, town.db.write() as other:
        done = [operations.price_next(one), operations.price_next(other)]
    assert [each and each.by_sql for each in done] == [1, 1]
    assert town.months_gone() == []


def test_costs_that_stand_on_nothing_are_found(town: Town) -> None:
    with town.db.write() as session:
        session.sql("delete from usage_month where account_id = :id and month = '2025-08-01'", id=town.one)
        found = invariants(session, first_account=1, last_account=town.other)
        session.rollback()
    assert {(each.rule, each.detail[:7]) for each in found if "costs" in each.rule} == {
        ("usage_costs_have_their_part", "2025-08"),
        ("usage_costs_rest_on_use_before", "2025-09"),
    }
