"""The rounds that estimate and judge: they read what changed, leave nobody out, and stop at nothing."""

import signal
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

import pytest

from core import aside, intake
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from services.metering import operations
from services.metering.operations import RegisterReadingsLoader, estimating, validating
from tests.factories.accounts import make_account
from tests.factories.readings import NOW, ZONE, Readings, sender, sum_up
from tests.factories.usage import put_readings
from tests.support.processes import Heard, environment_of
from tests.support.reading import rows_read

TODAY = date(2026, 6, 30)
KWH = 1_000_000
USUAL: Sequence[int | None] = [KWH // 5] * 23 + [KWH]
SPIKE: Sequence[int | None] = [9 * KWH, *USUAL[1:]]
BEYOND = 2**62
"""So much in an hour that a multiple of it is no number of the database any more."""
JUDGING = """
from datetime import UTC, date, datetime

from core import config, faults
from core.db import Database
from services.metering import operations
from services.metering.operations import validating

validating.SLICE = 2
settings = config.load()
faults.arm_from_environment(settings.environment)
database = Database(settings.database_url.get_secret_value())
going = True
while going:
    with database.write() as session:
        going = operations.validate_next(
            session, today=date(2026, 6, 30), zone=settings.zone, now=datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
        )
"""


def day(before: int) -> date:
    return TODAY - timedelta(days=before)


class Meters:
    """A home with a meter that is read in hours, of forty days or those that are given, and the rounds over them."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self._vault = vault
        self._made = 0

    def make(self, days: dict[date, Sequence[int | None]] | None = None) -> tuple[int, str]:
        self._made += 1
        meter_no = f"R{self._made}"
        usual = {day(before): USUAL for before in range(1, 41)}
        with self.database.write() as session:
            account_id = make_account(session, self._vault, meter_no=meter_no).id
            put_readings(session, account_id, usual if days is None else days, minutes=60, meter_no=meter_no)
        return account_id, meter_no

    def put(self, meter: tuple[int, str], days: dict[date, Sequence[int | None]]) -> None:
        """Readings that come later."""
        with self.database.write() as session:
            put_readings(session, meter[0], days, minutes=60, meter_no=meter[1])

    def next(self, session: WriteSession, work: str, *, today: date = TODAY) -> bool:
        if work == "validate":
            return operations.validate_next(session, today=today, zone=ZONE, now=NOW)
        return operations.estimate_next(session, today=today, after_days=3, linear_minutes=120, zone=ZONE, now=NOW)

    def round(self, work: str, *, today: date = TODAY) -> None:
        sum_up(self.database)
        going = True
        while going:
            with self.database.write() as session:
                going = self.next(session, work, today=today)

    def read(self, work: str, *, today: date = TODAY) -> int:
        """How many days of intervals a round reads in one slice, behind which nothing is left."""
        sum_up(self.database)
        with self.database.write() as session:
            found = rows_read(session, partial(self.next, session, work, today=today), table="interval_day")
        self.round(work, today=today)
        return found

    def spikes(self) -> list[int]:
        with self.database.read() as session:
            found = session.sql("select account_id from reading_finding where ended_at is null order by account_id")
            return list(found.scalars())

    def qualities(self, meter: tuple[int, str], on: date) -> str | None:
        with self.database.read() as session:
            told = session.sql(
                "select qualities from interval_day where account_id = :account and day = :day",
                account=meter[0],
                day=on,
            )
            found: str | None = told.scalar_one_or_none()
        return found


@pytest.fixture
def meters(database: Database, vault: Vault) -> Meters:
    return Meters(database, vault)


def test_judging_a_day_that_came_reads_a_few_days_of_its_meter_and_none_of_others(meters: Meters) -> None:
    first = meters.make()
    meters.round("validate")
    meters.put(first, {TODAY: USUAL})
    alone = meters.read("validate", today=day(-1))
    assert 0 < alone <= 4
    for _ in range(9):
        meters.make()
    meters.round("validate", today=day(-1))
    meters.put(first, {day(-1): USUAL})
    assert meters.read("validate", today=day(-2)) == alone
    assert meters.read("validate", today=day(-3)) == 0, "a day that passes changes nothing by itself"


def test_a_day_that_no_rule_reaches_is_not_tried_again_before_one_changed_that_a_rule_would_look_at(
    meters: Meters, readings: Readings
) -> None:
    gap = day(30)
    meter = meters.make({day(60): USUAL, gap: [None] * 24, **{day(before): USUAL for before in range(1, 30)}})
    meters.round("estimate")
    assert meters.qualities(meter, gap) == "m" * 24
    assert meters.read("estimate") == 0
    assert meters.read("estimate", today=day(-1)) == 2, "the day that is due now, and the one before it"
    shown = [{"meter_no": meter[1], "read_at": str(day(before)), "value": 90 - before} for before in (40, 2)]
    report = intake.run(meters.database, path=readings.write(shown), loader=RegisterReadingsLoader(sender()))
    assert report.new == len(shown)
    assert meters.read("estimate", today=day(-1)) == 0, "no rule looks at what registers show"
    meters.put(meter, {gap - timedelta(weeks=1): USUAL, gap - timedelta(weeks=2): USUAL})
    meters.round("estimate", today=day(-1))
    assert meters.qualities(meter, gap) == "e" * 24


def test_a_meter_that_is_silent_is_estimated_day_by_day_until_it_is_taken_away(meters: Meters) -> None:
    meter = meters.make({day(before): USUAL for before in range(8, 40)})
    meters.round("estimate")
    assert [meters.qualities(meter, day(before)) for before in (7, 3, 2)] == ["e" * 24, "e" * 24, None]
    meters.round("estimate", today=day(-1))
    assert meters.qualities(meter, day(2)) == "e" * 24
    with meters.database.write() as session:
        session.sql("update meter set removed_on = :day where meter_no = :no", day=day(2), no=meter[1])
    meters.round("estimate", today=day(-3))
    assert meters.qualities(meter, day(1)) is None
    with meters.database.read() as session:
        assert session.sql("select count(*) from reading_due where look = 'estimate'").scalar_one() == 0


def test_whoever_changed_first_has_the_first_turn_though_others_change_every_day(
    meters: Meters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validating, "SLICE", 1)
    often, seldom = meters.make(), meters.make()
    meters.round("validate")
    meters.put(often, {day(3): USUAL})
    meters.put(seldom, {day(4): SPIKE})
    sum_up(meters.database)
    with meters.database.write() as session:
        assert meters.next(session, "validate")
    assert meters.spikes() == [seldom[0]]


def test_an_account_that_cannot_be_judged_keeps_nobody_from_being_judged(meters: Meters) -> None:
    made = [meters.make() for _ in range(5)]
    meters.round("validate")
    for each in made:
        meters.put(each, {day(1): SPIKE})
    bad = made[2]
    meters.put(bad, {day(1): [BEYOND, *USUAL[1:]], day(2): [BEYOND, *USUAL[1:]]})
    meters.round("validate")
    assert meters.spikes() == [each[0] for each in made if each != bad]
    with meters.database.read() as session:
        [found] = aside.failing(session, limit=9)
    assert (found.work, found.owner) == ("metering.validate", bad[0])
    assert "out of range" in found.reason
    meters.put(bad, {day(1): SPIKE, day(2): USUAL})
    meters.round("validate")
    assert meters.spikes() == [each[0] for each in made]
    with meters.database.read() as session:
        assert aside.failing(session, limit=9) == []


def test_an_account_that_cannot_be_estimated_keeps_nobody_from_being_estimated(
    meters: Meters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "SLICE", 2)
    days = {day(before): USUAL for before in range(4, 13)}
    year = timedelta(days=364)
    past = {each - year: [1] * 24 for each in days}
    made = [meters.make({**days, **past, day(3): [None] * 24, day(3) - year: [1] * 24}) for _ in range(4)]
    bad = made[1]
    meters.put(bad, {day(3) - year: [BEYOND] * 24})
    meters.round("estimate")
    assert [meters.qualities(each, day(3)) for each in made if each != bad] == ["e" * 24] * 3
    with meters.database.read() as session:
        [found] = aside.failing(session, limit=9)
    assert (found.work, found.owner) == ("metering.estimate", bad[0])
    meters.put(bad, {day(3) - year: [1] * 24})
    meters.round("estimate")
    assert meters.qualities(bad, day(3)) == "e" * 24
    with meters.database.read() as session:
        assert aside.failing(session, limit=9) == []


def test_a_round_that_is_killed_goes_on_where_it_was_and_finds_the_same(meters: Meters, settings: Settings) -> None:
    made = [meters.make({**{day(before): USUAL for before in range(2, 20)}, day(1): SPIKE}) for _ in range(5)]
    sum_up(meters.database)
    fault = "metering.validate.judged:kill:2"
    died = Heard(environment_of(settings, WATTLINE_FAULT=fault), "-c", JUDGING).finish()
    assert died.returncode == -signal.SIGKILL
    assert meters.spikes() == [each[0] for each in made[:2]], "the slice that was killed is not there at all"
    meters.round("validate")
    assert meters.spikes() == [each[0] for each in made]
    with meters.database.read() as session:
        assert session.sql("select count(*) from reading_finding").scalar_one() == len(made)
