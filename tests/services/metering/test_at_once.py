"""Two who write readings of one account at the same moment lose nothing: whoever is later asks again."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
import sqlalchemy as sa

from core import intake, locks
from core.db import WriteSession
from core.intake import RunTaken, Taken
from core.intake.loading import TRIES
from core.records import Reject, Row
from services.accounts.queries import AccountRef
from services.metering.operations import ReadingsLoader, RegisterReadingsLoader
from tests.factories.readings import Readings, rows, sender
from tests.factories.usage import put_readings
from tests.support.waiting import wait_for_waiting

DAY = date(2026, 3, 2)


def test_an_import_that_begins_a_series_beside_another_takes_all_its_readings(
    readings: Readings, account: AccountRef
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with readings.database.write() as other:
            other.sql(
                """insert into reading_series (account_id, id, meter_no, channel, interval_minutes)
                   values (:account, 1, 'M1', 'export', 60)""",
                account=account.id,
            )
            running = pool.submit(readings.take, rows(DAY, ["1"] * 24, minutes=60))
            wait_for_waiting(readings.database, message="the import did not meet the other series")
        report = running.result()
    assert (report.new, report.unchanged, report.rejected) == (24, 0, 0)
    assert readings.days() == {("M1", "import", 60, DAY): ([Decimal(1)] * 24, "a" * 24)}


def test_a_day_that_two_send_at_once_in_intervals_of_two_lengths_counts_once(
    readings: Readings, account: AccountRef
) -> None:
    path = readings.write(rows(DAY, ["1"] * 24, minutes=60))
    with ThreadPoolExecutor(1) as pool:
        with readings.database.write() as other:
            put_readings(other, account.id, {DAY: [500_000] * 48}, minutes=30)
            running = pool.submit(readings.take_file, path)
            wait_for_waiting(readings.database, message="the import did not meet the other series")
        try:
            report = running.result()
        except RunTaken:  # it had looked before the other wrote, and is begun anew
            report = readings.take_file(path)
    assert {(field, reason) for _, field, reason in readings.refused(report)} == {
        ("minutes", "is another length of interval than this meter has on this day")
    }
    assert [key[2] for key in readings.days()] == [30]


def test_an_import_that_begins_a_register_beside_another_takes_its_reading(
    readings: Readings, account: AccountRef
) -> None:
    record = {"meter_no": "M1", "register": "total", "read_at": "2026-03-02", "value": 100}
    path = readings.write([record])
    with ThreadPoolExecutor(1) as pool:
        with readings.database.write() as other:
            other.sql(
                "insert into meter_register (account_id, id, meter_no, kind) values (:account, 1, 'M1', 'peak')",
                account=account.id,
            )
            running = pool.submit(
                intake.run, readings.database, path=path, loader=RegisterReadingsLoader(sender()), chunk_rows=100
            )
            wait_for_waiting(readings.database, message="the import did not meet the other register")
        assert running.result().new == 1


class Crossing(ReadingsLoader):
    """Locks two things in an order of its own, and at first waits in between for the other who does."""

    def __init__(self, keys: tuple[str, str], meeting: Barrier) -> None:
        super().__init__(sender())
        self.loads = 0
        self._keys = keys
        self._meeting = meeting

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Write, and then wait for what the other holds."""
        self.loads += 1
        locks.lock(session, key=self._keys[0])
        taken = super().load(session, run_id=run_id, rows=rows, refused=refused) if self._keys[0] == "a" else None
        if self.loads == 1:
            self._meeting.wait(30)
        locks.lock(session, key=self._keys[1])
        return taken or super().load(session, run_id=run_id, rows=rows, refused=refused)


def test_two_imports_that_wait_for_each_other_both_take_all_their_readings_once(readings: Readings) -> None:
    meeting = Barrier(2)
    loaders = [Crossing(("a", "b"), meeting), Crossing(("b", "a"), meeting)]
    paths = [
        readings.write(rows(DAY + timedelta(number), ["1", "-1", *["0.5"] * 22], minutes=60)) for number in range(2)
    ]
    with ThreadPoolExecutor(2) as pool:
        reports = list(
            pool.map(lambda path, loader: intake.run(readings.database, path=path, loader=loader), paths, loaders)
        )
    assert sum(each.loads for each in loaders) == 3, "no deadlock was met"
    assert [(each.rows, each.new, each.rejected) for each in reports] == [(24, 23, 1)] * 2
    assert [sum(each or 0 for each in kwh) for kwh, _ in readings.days().values()] == [12, 12]
    assert len(readings.held()) == 2
    assert len(readings.written()["usage_change"]) == 2


class Undone(ReadingsLoader):
    """Has so many of its transactions taken back by the server."""

    def __init__(self, times: int) -> None:
        super().__init__(sender())
        self.times = times

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Write, and fail."""
        taken = super().load(session, run_id=run_id, rows=rows, refused=refused)
        if self.times:
            self.times -= 1
            session.sql("do $$ begin raise exception using errcode = 'serialization_failure'; end $$")
        return taken


def test_a_chunk_that_does_not_fit_behind_others_is_tried_some_times_and_then_left_to_the_next_start(
    readings: Readings,
) -> None:
    path = readings.write(rows(DAY, ["1", "-1"]))
    with pytest.raises(sa.exc.OperationalError):
        intake.run(readings.database, path=path, loader=Undone(TRIES))
    assert (readings.days(), readings.held()) == ({}, [])
    report = intake.run(readings.database, path=path, loader=Undone(TRIES - 1))
    assert (report.rows, report.new, report.rejected, report.resumed_from) == (2, 1, 1, 0)
    assert len(readings.held()) == 1
