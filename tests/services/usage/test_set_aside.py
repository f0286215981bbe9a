"""One account at which usage fails keeps nobody else from days, months and costs, and has its own once it is mended."""

from datetime import date
from typing import Final

import pytest

from core import aside
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from jobs import runtime, usage
from notifications.setup import SETUP, Setup
from tests.factories.accounts import make_account
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import bind, days_of, make_calendar, put_readings

JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)
HOURS: Final = [1_000_000] * 24
BEYOND: Final = [9_000_000_000_000_000_000] * 24
"""No day's sum of these is a number that a day can have."""
BY_PERIOD: Final = FLAT | {"energy": {"lines": "period_plus_adders", "prices": {"all": "0.5469"}}}
ACCOUNTS: Final = 6


class Town:
    """Accounts on one tariff with two days of readings; of the fourth something is spoilt."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.db = database
        with database.write() as session:
            self.version = make_version(session, code="A", document=BY_PERIOD)
            make_calendar(session, self.version, days_of(JULY, AUGUST))
            self.accounts = [make_account(session, vault).id for _ in range(ACCOUNTS)]
            for each in self.accounts:
                bind(session, each, "A")
        self.bad = self.accounts[3]
        self.good = [each for each in self.accounts if each != self.bad]

    def read(self, bad: list[int]) -> None:
        with self.db.write() as session:
            for each in self.accounts:
                energies = bad if each == self.bad else HOURS
                put_readings(session, each, {JULY: energies, date(2025, 7, 2): HOURS}, minutes=60)

    def work(self) -> None:
        """As the worker does, when a day has passed since something failed."""
        with self.db.write() as session:
            session.sql("update set_aside set due_at = now()")
        usage.aggregate()
        usage.price()

    def have(self, table: str) -> list[int]:
        with self.db.read() as session:
            found = session.sql(f"select distinct account_id from {table} order by account_id")
            return list(found.scalars())

    def failing(self) -> list[tuple[str, int]]:
        with self.db.read() as session:
            return [(each.work, each.owner) for each in aside.failing(session, limit=99)]


@pytest.fixture
def town(database: Database, vault: Vault, settings: Settings) -> Town:
    runtime.use(database)
    SETUP.fill(Setup(settings, vault, None))
    return Town(database, vault)


def test_an_account_that_cannot_be_summed_up_keeps_no_other_from_its_months_and_costs(town: Town) -> None:
    town.read(BEYOND)
    town.work()
    assert town.have("usage_month") == town.have("usage_cost") == town.good
    assert ("usage.aggregate", town.bad) in town.failing()
    assert {owner for _, owner in town.failing()} == {town.bad}
    town.read(HOURS)
    town.work()
    assert town.have("usage_month") == town.have("usage_cost") == town.accounts
    assert town.failing() == []


def test_an_account_that_cannot_be_priced_keeps_no_other_from_its_costs(town: Town) -> None:
    town.read(HOURS)
    usage.aggregate()
    with town.db.write() as session:
        session.sql("update usage_month set energies = '{}' where account_id = :id", id=town.bad)
    town.work()
    assert town.have("usage_cost") == town.good
    assert town.failing() == [("usage.price", town.bad)]
    with town.db.write() as session:
        session.sql("delete from usage_cost")
        session.sql("insert into usage_unpriced (month, first_account) values (:month, 1)", month=JULY)
    town.work()
    assert town.have("usage_cost") == town.good


def test_a_version_that_cannot_be_read_is_set_aside_itself_and_not_the_accounts_on_it(town: Town) -> None:
    with town.db.write() as session:
        broken = make_version(session, code="B", document=FLAT | {"energy": {"lines": "of-another-time"}})
        make_calendar(session, broken, days_of(JULY, AUGUST))
        session.sql("update agreement set tariff_code = 'B' where account_id = :id", id=town.bad)
    town.read(HOURS)
    town.work()
    assert town.have("usage_month") == town.accounts
    assert town.have("usage_cost") == town.good
    with town.db.read() as session:
        [found] = aside.failing(session, limit=9)
    assert (found.work, found.owner, found.part) == ("usage.price_version", 0, f"version {broken}")
