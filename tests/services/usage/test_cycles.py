"""Tiers of a year over any number of agreements and holders: what is climbed on, and of how many months the limits are.

The rule: limits are those of the months in which the holder is on the tiers in the year, a part of a month counting
whole; another class of use, or another holder, begins anew; the use under another class is none of the tiers'.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.tariffs.queries import Use, parse, price
from services.usage import operations
from services.usage.queries import invariants, tier_position
from tests.factories.accounts import make_account
from tests.factories.tariffs import make_version
from tests.factories.usage import ZONE, bind, make_calendar, put_readings
from tests.services.usage.test_stale_costs import YEARLY

BEGIN, END = date(2025, 1, 1), date(2026, 1, 1)
HOME: Final = YEARLY | {"tiers": {"cycle": "year", "bounds_per_month": ["40", "60"], "adders": ["0", "0.10", "0.30"]}}
DEARER: Final = HOME | {"energy": {"lines": "per_tier", "prices": {"all": "0.60"}}}
DOCUMENTS: Final = {"HOME": HOME, "OTHER": DEARER, "SHOP": HOME}
READ: Final = [date(2025, month, day) for month in range(1, 13) for day in (5, 25)]
DAY_KWH: Final = 24
Months = dict[int, tuple[str, int, int]]
"""By month: the tariff of its last part, and of that how much was used before in the cycle and the cycle's months."""


class Year:
    """An account that used as much on the 5th and the 25th of each month."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.db = database
        with database.write() as session:
            self.id = make_account(session, vault).id
            session.sql(
                """insert into tariff (code, name, class, currency, created_at)
                   values ('SHOP', 'Shop', 'commercial', 'CNY', now())"""
            )
            for code, document in DOCUMENTS.items():
                version = make_version(session, code=code, document=document)
                make_calendar(session, version, READ)
            put_readings(session, self.id, dict.fromkeys(READ, [1_000_000] * DAY_KWH), minutes=60)

    def agrees(self, *terms: tuple[str, date]) -> None:
        ends = [first for _, first in terms[1:]]
        with self.db.write() as session:
            for no, ((code, first), end) in enumerate(zip(terms, [*ends, None], strict=True), 1):
                bind(session, self.id, code, no=no, first=first, end=end)

    def is_held_by_others_since(self, days: Iterable[date]) -> None:
        with self.db.write() as session:
            for day in days:
                session.sql("update account set holder_since = :day where id = :id", id=self.id, day=day)

    def follow(self) -> None:
        with self.db.write() as session:
            while operations.follow_readings(session, zone=ZONE) or operations.follow_agreements(session, zone=ZONE):
                pass
            while operations.price_next(session):
                pass
            assert invariants(session, first_account=1, last_account=self.id) == []

    def costs(self) -> dict[tuple[int, int], tuple[str, int]]:
        """By month and day of the reading, the tariff of its part and what it costs."""
        with self.db.read() as session:
            rows = session.sql(
                """select m.month, m.first_day, m.end_day, v.tariff_code, c.total_minor
                   from usage_month m join tariff_version v on v.id = m.version_id
                   join usage_cost c on c.account_id = m.account_id and c.month = m.month and c.part = m.part"""
            ).all()
        return {
            (day.month, day.day): (row.tariff_code, row.total_minor)
            for row in rows
            for day in READ
            if row.first_day <= day < row.end_day
        }


@pytest.fixture
def year(database: Database, vault: Vault) -> Year:
    return Year(database, vault)


def exact(code: str, *, before: int, months: int, kwh: int) -> tuple[str, int]:
    """What the engine says of a part by what the rule says of the cycle."""
    use = Use(month=1, kwh={"all": Decimal(kwh)}, kwh_before_in_cycle=Decimal(before), months_in_cycle=months)
    return code, price(parse(DOCUMENTS[code]), use).total_minor


def test_who_comes_back_to_the_tiers_has_their_months_and_their_use_alone(year: Year) -> None:
    year.agrees(("HOME", BEGIN), ("SHOP", date(2025, 3, 15)), ("HOME", date(2025, 10, 10)))
    year.follow()
    costs = year.costs()
    # January to March and October to December are six months, with five days of use before October; March to October
    # are eight months of the other class.
    assert costs[2, 25] == exact("HOME", before=48, months=6, kwh=48)
    assert costs[3, 5] == exact("HOME", before=96, months=6, kwh=24)
    assert costs[3, 25] == exact("SHOP", before=0, months=8, kwh=24)
    assert costs[10, 5] == exact("SHOP", before=312, months=8, kwh=24)
    assert costs[10, 25] == exact("HOME", before=120, months=6, kwh=24)
    assert costs[12, 25] == exact("HOME", before=192, months=6, kwh=48)


def test_another_tariff_of_the_class_goes_on_where_the_first_was_however_often_it_changes(year: Year) -> None:
    year.agrees(
        ("HOME", BEGIN), ("OTHER", date(2025, 4, 15)), ("HOME", date(2025, 8, 1)), ("OTHER", date(2025, 11, 10))
    )
    year.follow()
    costs = year.costs()
    assert costs[4, 5] == exact("HOME", before=144, months=12, kwh=24)
    assert costs[4, 25] == exact("OTHER", before=168, months=12, kwh=24)
    assert costs[8, 25] == exact("HOME", before=336, months=12, kwh=48)
    assert costs[12, 25] == exact("OTHER", before=528, months=12, kwh=48)
    with year.db.read() as session:
        position = tier_position(session, account_id=year.id, on=date(2025, 12, 31), zone=ZONE)
    assert position is not None
    assert (position.used, position.months_in_cycle, position.current) == (Decimal(576), 12, 2)


def test_each_of_three_holders_of_a_year_has_the_limits_of_their_months_and_climbs_from_the_bottom(year: Year) -> None:
    year.agrees(("HOME", BEGIN))
    year.follow()
    assert year.costs()[12, 25] == exact("HOME", before=528, months=12, kwh=48)
    year.is_held_by_others_since([date(2025, 4, 20), date(2025, 9, 10)])
    year.follow()
    costs = year.costs()
    assert costs[3, 25] == exact("HOME", before=96, months=4, kwh=48)
    assert costs[4, 5] == exact("HOME", before=144, months=4, kwh=24)
    assert costs[4, 25] == exact("HOME", before=0, months=6, kwh=24)
    assert costs[9, 5] == exact("HOME", before=216, months=6, kwh=24)
    assert costs[9, 25] == exact("HOME", before=0, months=4, kwh=24)
    assert costs[12, 25] == exact("HOME", before=120, months=4, kwh=48)


def test_who_takes_over_and_changes_tariff_in_one_year_has_only_their_own_months(year: Year) -> None:
    year.agrees(("HOME", BEGIN), ("SHOP", date(2025, 7, 1)), ("HOME", date(2025, 9, 1)))
    year.is_held_by_others_since([date(2025, 5, 10)])
    year.follow()
    costs = year.costs()
    assert costs[4, 25] == exact("HOME", before=144, months=5, kwh=48)
    assert costs[6, 25] == exact("HOME", before=24, months=6, kwh=48)
    assert costs[12, 25] == exact("HOME", before=216, months=6, kwh=48)
