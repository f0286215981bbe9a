"""Whatever becomes known, in whatever order: days, parts and costs are those that everything known would give at once."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.outbox import Delivery
from services.accounts.events import EntitlementsChanged
from services.tariffs.events import TariffDaysChanged, TariffPublished
from services.usage import operations
from tests.factories.accounts import make_account
from tests.factories.tariffs import make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, put_readings

BEGIN, FIRST, END = date(2025, 1, 1), date(2025, 6, 1), date(2025, 9, 1)
MONTHS: Final = (FIRST, date(2025, 7, 1), date(2025, 8, 1))
STEPS: Final = 10
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def read(session: WriteSession, account_id: int, dice: random.Random) -> None:
    days = [day for day in days_of(FIRST, END) if dice.random() < 0.2]
    put_readings(session, account_id, {day: [dice.randrange(900_000) for _ in range(24)] for day in days}, minutes=60)


def transfer(session: WriteSession, account_id: int, dice: random.Random) -> None:
    """Another holder, later than the one before."""
    session.sql(
        "update account set holder_since = greatest(holder_since, :day) where id = :id",
        id=account_id,
        day=dice.choice(days_of(FIRST, END)),
    )


def switch(session: WriteSession, account_id: int, dice: random.Random) -> None:
    """End the last agreement; the other tariff follows, at once or after some days without any."""
    last = session.sql(
        "select id, tariff_code, valid_from from agreement where account_id = :id order by id desc limit 1",
        id=account_id,
    ).one()
    day = dice.choice(days_of(FIRST, END))
    if day <= last.valid_from:
        return
    session.sql(
        "update agreement set valid_to = :day where account_id = :id and id = :no", id=account_id, no=last.id, day=day
    )
    code = "A" if last.tariff_code == "B" else "B"
    bind(session, account_id, code, no=last.id + 1, first=day + timedelta(dice.choice((0, 9))))


def publish(session: WriteSession, _account_id: int, dice: random.Random) -> None:
    """Another version, with other periods, from a day on that is past already."""
    code, day = dice.choice("AB"), dice.choice(days_of(FIRST, END))
    last = session.sql(
        "select id, valid_from from tariff_version where tariff_code = :code and valid_to is null", code=code
    ).one()
    if day > last.valid_from:
        session.sql("update tariff_version set valid_to = :day where id = :id", id=last.id, day=day)
        session.sql("delete from tariff_day where version_id = :id and day >= :day", id=last.id, day=day)
        event = TariffPublished(
            version_id=version(session, code, since=day, periods=("x", "y", "z")),
            tariff_code=code,
            valid_from=day.isoformat(),
            valid_to=None,
            ended_id=last.id,
        )
        operations.note_published(session, Delivery(1, event, NOW), event)


def holiday(session: WriteSession, _account_id: int, dice: random.Random) -> None:
    day = dice.choice(days_of(FIRST, END))
    changed = session.sql(
        "update tariff_day set periods = array_fill(2::smallint, array[96]) where day = :day returning version_id",
        day=day,
    )
    for version_id in changed.scalars():
        event = TariffDaysChanged(version_id=version_id, days=[day.isoformat()])
        operations.note_days_changed(session, Delivery(1, event, NOW), event)


def entitle(session: WriteSession, account_id: int, dice: random.Random) -> None:
    """A large household, from some day on; the one before it ends."""
    day = dice.choice(days_of(FIRST, END))
    session.sql(
        "update entitlement set valid_to = :day where account_id = :id and valid_to is null and valid_from < :day",
        id=account_id,
        day=day,
    )
    session.sql(
        """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
           select a.id, (select count(*) + 1 from entitlement e where e.account_id = a.id), a.customer_id, 'persons', :persons, :day, now()
           from account a where a.id = :id
             and not exists (select from entitlement e where e.account_id = a.id and (e.valid_to is null or e.valid_to > :day))""",
        id=account_id,
        day=day,
        persons=dice.choice((2, 5)),
    )
    event = EntitlementsChanged(account_ids=[account_id], since=[day.isoformat()])
    operations.note_entitlements_changed(session, Delivery(1, event, NOW), event)


ACTS: Final[tuple[Callable[[WriteSession, int, random.Random], None], ...]] = (
    read,
    transfer,
    switch,
    publish,
    holiday,
    entitle,
)


def document(code: str, periods: tuple[str, ...]) -> dict[str, object]:
    """A climbs tiers by the year; B by the month, with a least amount: the engine prices it."""
    made: dict[str, object] = {
        "id": code,
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"mode": "half_up", "stage": "line"},
        "energy": {
            "lines": "period_plus_adders",
            "prices": {name: f"0.{at}3" for at, name in enumerate(periods, 3)},
            "windows": [
                {"period": name, "from": f"0{at}:00", "to": f"0{at + 1}:00"} for at, name in enumerate(periods[1:])
            ],
            "default_period": periods[0],
        },
        "tiers": {"cycle": "year", "bounds_per_month": ["20", "40"], "adders": ["0", "0.1", "0.3"]},
        "household": {"min_persons": 5, "extra_kwh_per_month": "10", "mode": "shift_all"},
    }
    if code == "B":
        made |= {
            "tiers": {"cycle": "month", "bounds_per_month": ["20", "40"], "adders": ["0", "0.1", "0.3"]},
            "minimum": {"amount": "5"},
        }
    return made


def version(session: WriteSession, code: str, *, since: date, periods: tuple[str, ...]) -> int:
    made = make_version(session, code=code, valid_from=since, periods=periods, document=document(code, periods))
    make_calendar(session, made, days_of(max(since, FIRST), END), period=lambda at: 1 + at.hour % len(periods))
    return made


def settle(database: Database) -> None:
    """All that waits is done."""
    waits = True
    while waits:
        with database.write() as session:
            done: list[object] = [
                operations.follow_readings(session, zone=ZONE),
                operations.follow_versions(session, zone=ZONE),
            ]
            done.append(operations.follow_agreements(session, zone=ZONE))
            done.append(operations.price_next(session))
            waits = any(each is not None for each in done)


def kept(session: WriteSession) -> list[Any]:
    days = session.sql("select * from usage_day order by account_id, day").all()
    parts = session.sql(
        """select account_id, month, part, version_id, first_day, end_day, days, energies, energy, max_demand, measured_minutes
           from usage_month order by account_id, month, part"""
    ).all()
    costs = session.sql("select * from usage_cost order by account_id, month, part").all()
    assert [(each.month, each.part) for each in costs] == [
        (each.month, each.part) for each in parts if each.version_id is not None
    ]
    return [*days, *parts, *costs]


@pytest.mark.parametrize("seed", [7, 9, 14])
def test_what_is_followed_step_by_step_is_what_everything_gives_at_once(
    database: Database, vault: Vault, seed: int
) -> None:
    dice, told = random.Random(seed), list[str]()
    with database.write() as session:
        account_id = make_account(session, vault).id
        session.sql("update account set holder_since = null where id = :id", id=account_id)
        for code in "AB":
            version(session, code, since=BEGIN, periods=("x", "y"))
        bind(session, account_id, "A", first=BEGIN)
        read(session, account_id, dice)
    for _ in range(STEPS):
        act = dice.choice(ACTS)
        told.append(act.__name__)
        with database.write() as session:
            act(session, account_id, dice)
        settle(database)
        with database.write() as session:
            followed = kept(session)
            session.sql("delete from usage_month")
            session.sql("delete from usage_day")
            session.sql("delete from usage_cost")
            operations.aggregate(session, months={month: [account_id] for month in MONTHS}, zone=ZONE)
            while operations.price_next(session) is not None:
                pass
            assert followed == kept(session), told
