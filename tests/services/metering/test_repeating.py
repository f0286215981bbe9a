"""Files that come again, and files that come after a decision of staff: what was decided and corrected stays."""

from datetime import date
from decimal import Decimal

import pytest

from core import intake
from core.audit import Actor
from core.intake import Report
from services.accounts.queries import AccountRef
from services.metering import operations
from services.metering.measures import Quality
from services.metering.operations import Decision, RegisterReadingsLoader
from tests.factories.readings import NOW, ZONE, Readings, Row, rows, sender

DAY = date(2026, 3, 2)
DECISION = Decision(Actor("staff:7"), "seen on the meter", NOW, ZONE, 120)
ACTS = {"accepted": operations.accept, "discarded": operations.discard, "estimated": operations.estimate}


def decide(readings: Readings, account: AccountRef, state: str) -> None:
    """What waits is decided in this way."""
    with readings.database.write() as session:
        for held in session.sql("select id from reading_quarantine where state = 'open'").scalars().all():
            ACTS[state](session, account_id=account.id, quarantine_id=held, decision=DECISION)


def at(readings: Readings) -> tuple[Decimal | None, str]:
    """The second interval of the only day."""
    [(kwh, qualities)] = readings.days().values()
    return kwh[1], qualities[1]


def said(value: str, quality: Quality = Quality.ACTUAL) -> list[Row]:
    return rows(DAY, ["0.5", value, "0.7"], quality=quality)


@pytest.mark.parametrize(
    ("files", "state", "left"),
    [
        ([said("1"), said("77")], "accepted", (Decimal(77), "a")),
        ([said("1"), said("77")], "discarded", (Decimal(1), "a")),
        ([said("1"), said("2", Quality.ESTIMATED)], "accepted", (Decimal(2), "a")),
        ([said("77")], "estimated", (Decimal("0.6"), "e")),
        ([[*said("1"), said("2")[1]]], "accepted", (Decimal(1), "a")),  # the later row of a file was taken
    ],
)
def test_files_that_come_again_undo_no_decision_and_nothing_waits_again(
    readings: Readings, account: AccountRef, files: list[list[Row]], state: str, left: tuple[Decimal, str]
) -> None:
    paths = [readings.write(each) for each in files]
    for path in paths:
        readings.take_file(path)
    decide(readings, account, state)
    assert at(readings) == left
    before = readings.written()
    for path in [*paths, *reversed(paths)]:
        report = readings.take_file(path)
        assert (report.new, report.changed, report.rejected, report.unchanged) == (0, 0, 0, report.rows)
    for each in files:
        readings.take([*each, *rows(DAY, ["0.9"], meter_no="M8")])  # the same rows in another file
    assert readings.written() == before


def test_a_new_value_waits_where_staff_accepted_another_until_they_accept_it(
    readings: Readings, account: AccountRef
) -> None:
    readings.take(said("77"))
    decide(readings, account, "accepted")
    report = readings.take(said("3"))
    assert readings.refused(report) == [(3, "kwh", "contradicts what staff decided: it waits in quarantine")]
    assert (at(readings), readings.held()[0]) == ((Decimal(77), "a"), ("decided", Decimal(3), "open"))
    decide(readings, account, "accepted")
    before = readings.written()
    assert readings.take([*said("77"), *said("3")]).rejected == 0
    assert at(readings) == (Decimal(3), "a")
    assert readings.written() == before


@pytest.mark.parametrize("state", ["discarded", "estimated"])
def test_a_new_value_is_taken_where_staff_did_not_believe_another(
    readings: Readings, account: AccountRef, state: str
) -> None:
    readings.take(said("77"))
    decide(readings, account, state)
    report = readings.take([*said("3"), said("77")[1]])
    assert (report.changed + report.new, report.unchanged, report.rejected) == (1, 3, 0)
    assert at(readings) == (Decimal(3), "a")


def test_a_file_that_comes_again_undoes_no_correction_and_another_that_says_the_same_does(readings: Readings) -> None:
    old = readings.write(said("1"))
    readings.take_file(old)
    readings.take(said("2"))
    before = readings.written()
    report = readings.take_file(old)
    assert (report.unchanged, report.rejected, readings.written()) == (3, 0, before)
    report = readings.take([*said("1"), *rows(DAY, ["0.9"], meter_no="M8")])
    assert (report.changed, at(readings)) == (1, (Decimal(1), "a"))


def shown(value: str, day: str = "2026-02-01", quality: str = "actual") -> Row:
    return {"meter_no": "M1", "register": "total", "read_at": day, "value": value, "quality": quality}


def take(readings: Readings, *records: Row) -> Report:
    loader = RegisterReadingsLoader(sender())
    return intake.run(readings.database, path=readings.write(list(records)), loader=loader)


def counts(readings: Readings) -> list[int]:
    with readings.database.read() as session:
        found = session.sql("select value from register_reading where superseded_at is null order by read_at")
        return [each // 1_000_000 for each in found.scalars()]


@pytest.mark.parametrize(("state", "left"), [("accepted", [0, 120, 200]), ("discarded", [0, 100, 200])])
def test_a_decision_about_a_register_stays_when_its_files_come_again(
    readings: Readings, account: AccountRef, state: str, left: list[int]
) -> None:
    first = [shown("0", "2026-01-01"), shown("100"), shown("200", "2026-03-01")]
    take(readings, *first)
    take(readings, shown("120", quality="estimated"))
    decide(readings, account, state)
    assert counts(readings) == left
    for again in (first, [shown("120", quality="estimated")], [shown("100"), shown("120")]):
        report = take(readings, *again)
        assert (report.rejected, report.unchanged, counts(readings)) == (0, len(again), left)
    report = take(readings, shown("130"))
    if state == "accepted":
        assert readings.refused(report) == [(2, "value", "contradicts what staff decided: it waits in quarantine")]
        assert counts(readings) == left
    else:
        assert (report.changed, counts(readings)) == (1, [0, 130, 200])


def test_a_register_file_that_comes_again_undoes_no_correction(readings: Readings) -> None:
    old = readings.write([shown("0", "2026-01-01"), shown("100")])
    intake.run(readings.database, path=old, loader=RegisterReadingsLoader(sender()))
    take(readings, shown("130"))
    report = intake.run(readings.database, path=old, loader=RegisterReadingsLoader(sender()))
    assert (report.unchanged, report.rejected, counts(readings)) == (2, 0, [0, 130])
