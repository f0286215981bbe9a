"""Meters that move and are exchanged: whatever comes in whatever order, all that they counted is somebody's, and once."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from core import intake
from core.crypto.vault import Vault
from core.db import Database
from core.outbox import Delivery
from core.periods import start_of
from services.accounts.events import MetersMoved
from services.metering import operations as metering
from services.metering.operations import RegisterReadingsLoader
from services.usage import operations
from services.usage.queries import invariants
from tests.factories.accounts import make_account
from tests.factories.readings import NOW, ZONE, Readings, place_meter, rows, sender
from tests.support.registers import counted_by_registers

FIRST, END = date(2026, 1, 15), date(2026, 2, 24)
DAYS: Final = (END - FIRST).days
NOON: Final = timedelta(hours=12)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ACCOUNTS, METERS = 3, 2
SEEDS: Final = (1, 2)


@dataclass(frozen=True)
class Stay:
    """A meter at an account from one moment up to another: a midnight, or a noon of which the whole day is its."""

    place: int
    begins: datetime
    ends: datetime

    @property
    def installed_on(self) -> date:
        return self.begins.astimezone(ZONE).date()

    @property
    def removed_on(self) -> date:
        return self.ends.astimezone(ZONE).date()


@dataclass
class Meter:
    """What truly happened: where it was, and what it took in each hour, in Wh; nothing while it was nowhere."""

    stays: list[Stay]
    wh: dict[datetime, int] = field(default_factory=dict)

    def counted(self, until: datetime) -> int:
        """Wh from the beginning on, at a full hour."""
        return sum(wh for hour, wh in self.wh.items() if hour < until)


def at(day: date) -> datetime:
    return start_of(day, ZONE)


def histories(dice: random.Random) -> list[Meter]:
    """Each meter moves up to four times: at a midnight to somebody else, or at a noon away, and later somewhere."""
    found = []
    for _ in range(METERS):
        stays, begins, place = list[Stay](), at(FIRST), dice.randrange(ACCOUNTS)
        while len(stays) < 5:
            day = begins.astimezone(ZONE).date() + DAY * dice.randint(1, 15)
            if day >= END - DAY:
                break
            leaves_at_noon = dice.random() < 0.5
            stays.append(Stay(place, begins, at(day) + (NOON if leaves_at_noon else timedelta())))
            if leaves_at_noon or dice.random() < 0.3:
                day += DAY * dice.randint(1, 3)
                comes_at_noon = dice.random() < 0.5
                place = dice.randrange(ACCOUNTS)
            else:
                comes_at_noon = False
                place = (place + dice.randint(1, ACCOUNTS - 1)) % ACCOUNTS
            begins = at(day) + (NOON if comes_at_noon else timedelta())
        if begins < at(END):
            stays.append(Stay(place, begins, at(END)))
        meter = Meter(stays)
        for stay in stays:
            hour = stay.begins
            while hour < stay.ends:
                meter.wh[hour] = dice.randrange(3_000)
                hour += HOUR
        found.append(meter)
    return found


class World:
    """One telling of histories: accounts and meters of its own, and what became of them."""

    def __init__(self, database: Database, vault: Vault, folder: Path, name: str, meters: list[Meter]) -> None:
        self.database, self.name, self.meters = database, name, meters
        self.readings = Readings(database, folder)
        with database.write() as session:
            self.accounts = [make_account(session, vault).id for _ in range(ACCOUNTS)]
            for number, meter in enumerate(meters):
                place_meter(session, account_id=self.accounts[meter.stays[0].place], meter_no=self.no(number))

    def no(self, number: int) -> str:
        return f"{self.name}{number}"

    def measure(self, told: list[tuple[int, date]]) -> None:
        """Hours of days of meters, as far as the meter was somewhere."""
        records = []
        for number, day in told:
            wh = [self.meters[number].wh.get(at(day) + k * HOUR) for k in range(24)]
            kwh = [None if each is None else f"{each / 1000:.3f}" for each in wh]
            records += rows(day, kwh, meter_no=self.no(number), minutes=60)
        if records:
            assert self.readings.take(records).rejected == 0

    def show(self, told: list[tuple[int, datetime]]) -> None:
        """What registers showed."""
        records: list[dict[str, object]] = [
            {
                "meter_no": self.no(number),
                "register": None,
                "read_at": moment.isoformat(),
                "value": f"{self.meters[number].counted(moment) / 1000:.3f}",
            }
            for number, moment in told
        ]
        if records:
            path = self.readings.write(records)
            report = intake.run(self.database, path=path, loader=RegisterReadingsLoader(sender()))
            assert report.rejected == 0

    def move(self, number: int, leaves: Stay, comes: Stay) -> None:
        """Say, late, that a meter went from one place to another."""
        with self.database.write() as session:
            ids = session.sql(
                "update meter set removed_on = :on where meter_no = :no and removed_on is null returning id",
                no=self.no(number),
                on=leaves.removed_on,
            ).scalars()
            event = MetersMoved(meter_ids=list(ids))
            place_meter(
                session, account_id=self.accounts[comes.place], meter_no=self.no(number), since=comes.installed_on
            )
            metering.note_moved(session, Delivery(1, event, NOW), event)

    def follow(self) -> None:
        waits = True
        while waits:
            with self.database.write() as session:
                waits = metering.move_next(session, sender=sender(), settling_s=0)
        while waits is not None:
            with self.database.write() as session:
                waits = operations.follow_readings(session, zone=ZONE)  # type: ignore[assignment] # until none is left

    def use(self) -> dict[tuple[int, date], int]:
        """Millionths of a kWh of each account and day."""
        with self.database.read() as session:
            assert invariants(session, first_account=1, last_account=max(self.accounts), readings_since=FIRST) == []
            found = session.sql(
                "select account_id, day, energy from usage_day where account_id = any(:ids)", ids=self.accounts
            )
            return {(self.accounts.index(row.account_id), row.day): row.energy for row in found}

    def kept(self) -> Counter[tuple[Any, ...]]:
        """Every reading that counts: whose it is, of which meter, when and what."""
        with self.database.read() as session:
            days = session.sql(
                """select s.account_id, s.meter_no, i.day as at, i.energies as what
                   from interval_day i join reading_series s on s.account_id = i.account_id and s.id = i.series_id
                   where i.account_id = any(:ids)""",
                ids=self.accounts,
            ).all()
            shown = session.sql(
                """select r.account_id, r.meter_no, x.read_at as at, x.value as what
                   from register_reading x
                   join meter_register r on r.account_id = x.account_id and r.id = x.register_id
                   where x.superseded_at is null and x.account_id = any(:ids)""",
                ids=self.accounts,
            ).all()
        return Counter(
            (self.accounts.index(row.account_id), row.meter_no.removeprefix(self.name), row.at, repr(row.what))
            for row in (*days, *shown)
        )

    def counted(self) -> Counter[int]:
        """Millionths of a kWh that registers alone count at each place."""
        with self.database.read() as session:
            return Counter(
                {
                    place: sum(use.energy for use in counted_by_registers(session, account_id=each, zone=ZONE))
                    for place, each in enumerate(self.accounts)
                }
            )


def tell(world: World, dice: random.Random, *, dates_first: bool) -> None:
    """Tell all of it in some order: days of intervals, readings of registers, and moves, of each meter one by one."""
    acts: list[Callable[[], None]] = []
    days, shown = list[tuple[int, date]](), list[tuple[int, datetime]]()
    chosen = random.Random(7)
    for number, meter in enumerate(world.meters):
        for stay in meter.stays:
            shown += [(number, stay.begins), (number, stay.ends)]
            inside = stay.ends - stay.begins
            shown += [(number, stay.begins + HOUR * chosen.randrange(inside // HOUR)) for _ in range(2)]
        with_hours = {hour.astimezone(ZONE).date() for hour in meter.wh}
        days += [(number, day) for day in sorted(with_hours) if chosen.random() < 0.5]
    shown = sorted(set(shown))
    dice.shuffle(days)
    dice.shuffle(shown)
    pieces = 4
    acts += [partial(world.measure, days[n::pieces]) for n in range(pieces)]
    acts += [partial(world.show, shown[n::pieces]) for n in range(pieces)]
    acts.append(world.follow)
    moves: dict[int, list[Callable[[], None]]] = defaultdict(list)
    for number, meter in enumerate(world.meters):
        for leaves, comes in zip(meter.stays, meter.stays[1:], strict=False):
            moves[number].append(partial(world.move, number, leaves, comes))
    order = [None] * len(acts) + [number for number, of_meter in moves.items() for _ in of_meter]
    dice.shuffle(order)
    if dates_first:
        order.sort(key=lambda each: each is None)
    dice.shuffle(acts)
    for each in order:
        (acts if each is None else moves[each]).pop(0)()
    world.follow()


@pytest.mark.parametrize("seed", SEEDS)
def test_all_that_meters_counted_is_of_the_accounts_where_they_were_whatever_came_first(
    database: Database, vault: Vault, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    meters = histories(dice)
    expected: Counter[int] = Counter()
    for meter in meters:
        for stay in meter.stays:
            expected[stay.place] += meter.counted(stay.ends) - meter.counted(stay.begins)
    left = []
    for name, dates_first in (("A", True), ("B", False)):
        world = World(database, vault, tmp_path, name, meters)
        tell(world, dice, dates_first=dates_first)
        use = world.use()
        found: Counter[int] = Counter()
        for (place, _), energy in use.items():
            found[place] += energy
        assert found == world.counted() == Counter({place: wh * 1000 for place, wh in expected.items()}), name
        kept = world.kept()
        owners = Counter((each[1], each[2]) for each in kept if not isinstance(each[2], datetime))
        assert set(owners.values()) <= {1}
        left.append((use, kept))
        with database.read() as session:
            assert session.sql("select count(*) from reading_quarantine where state = 'open'").scalar_one() == 0
    assert left[0] == left[1]
