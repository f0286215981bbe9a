"""Two who write readings of one account at the same moment lose nothing: whoever is later asks again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest

from core import intake
from core.intake import RunTaken
from services.accounts.queries import AccountRef
from services.metering.operations import RegisterReadingsLoader
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
        with pytest.raises(RunTaken):
            running.result()
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
