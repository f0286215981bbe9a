"""The one door for readings of intervals: what is written, what waits, what is refused, and that nothing is lost."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from core.crypto.vault import Vault
from services.metering import operations
from services.metering.measures import Channel, Quality
from tests.factories.accounts import make_account
from tests.factories.readings import NOW, Readings, Row, interval, place_meter, rows, sender, times

DAY = date(2026, 3, 2)
FULL = [f"0.{number:03d}" for number in range(100, 196)]
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_day_is_kept_to_the_millionth_with_what_is_missing(readings: Readings) -> None:
    values: list[str | None] = ["0.000001", None, "12.5", *FULL[3:]]
    report = readings.take(rows(DAY, values))
    [(key, (kwh, qualities))] = readings.days().items()
    assert key == ("M1", "import", 15, DAY)
    assert kwh == [Decimal(value) if value is not None else None for value in values]
    assert qualities == "am" + "a" * 94
    assert (report.new, report.changed, report.unchanged, report.rejected) == (95, 0, 0, 0)
    assert readings.months() == [date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 92),
        ("Europe/Berlin", date(2026, 3, 28), 96),
        ("Europe/Berlin", date(2025, 10, 26), 100),
        ("America/Havana", date(2025, 11, 2), 100),  # midnight comes twice
        ("America/Santiago", date(2025, 9, 7), 92),  # midnight does not come
        ("America/Santiago", date(2025, 4, 5), 100),  # the hour before midnight comes twice
        ("Australia/Lord_Howe", date(2025, 10, 5), 94),
    ],
)
def test_a_day_has_the_quarters_that_pass_in_it(readings: Readings, zone: str, day: date, quarters: int) -> None:
    readings.zone = ZoneInfo(zone)
    values = [f"0.{number:03d}" for number in range(quarters)]
    assert readings.take(rows(day, values, zone=readings.zone)).rejected == 0
    [(kwh, qualities)] = readings.days().values()
    assert (kwh, qualities) == ([Decimal(value) for value in values], "a" * quarters)


def test_times_without_an_offset_are_of_the_zone_that_is_said(readings: Readings) -> None:
    readings.zone = BERLIN
    named = [row | {"start": str(row["start"])[:19]} for row in rows(DAY, FULL, zone=BERLIN)]
    assert readings.take(named).rejected == 96
    assert readings.days() == {}
    assert readings.take(named, labels=BERLIN).rejected == 0
    assert [len(kwh) for kwh, _ in readings.days().values()] == [96]


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("2026-03-29 02:30", "does not exist: the clock goes forward over it"),
        ("2025-10-26 02:30", "is shown twice by the clock on this day: it needs an offset"),
    ],
)
def test_an_hour_that_the_clock_does_not_show_once_is_refused(readings: Readings, start: str, told: str) -> None:
    readings.zone = BERLIN
    report = readings.take([{**rows(DAY, ["1"])[0], "start": start}], labels=BERLIN)
    assert readings.refused(report) == [(2, "start", told)]


def test_a_row_of_several_channels_is_an_interval_of_each(readings: Readings) -> None:
    wide: list[Row] = [
        {
            "meter_id": "M1",
            "start": "2026-03-02T00:00",
            "import_kwh": "1.5",
            "export_kwh": None,
            "kvarh_lag": "0.25",
            "kvarh_lead": "0",
        },
        {
            "meter_id": "M1",
            "start": "2026-03-02T01:00",
            "import_kwh": "2",
            "export_kwh": "0.5",
            "kvarh_lag": None,
            "kvarh_lead": None,
        },
    ]
    report = readings.take(wide, labels=ZoneInfo("Asia/Shanghai"), minutes=60)
    sums = {channel: sum(each or 0 for each in kwh) for (_, channel, _, _), (kwh, _) in readings.days().items()}
    assert sums == {
        "import": Decimal("3.5"),
        "export": Decimal("0.5"),
        "reactive_lag": Decimal("0.25"),
        "reactive_lead": 0,
    }
    assert (report.rows, report.new) == (2, 2)


def test_a_row_that_says_its_energy_in_two_ways_or_says_it_is_missing_loses_neither(readings: Readings) -> None:
    row: Row = {"meter_no": "M1", "start": "2026-03-02T00:00+08:00", "minutes": 60}
    report = readings.take(
        [
            {**row, "kwh": "1", "export_kwh": "2", "quality": "actual"},
            {**row, "kwh": None, "export_kwh": "2", "quality": "missing"},
        ]
    )
    assert readings.refused(report) == [
        (2, "kwh", "stands beside a column of a channel: one of both says nothing"),
        (3, "kwh", "must be empty where the reading is missing"),
    ]


def of(**fields: object) -> Callable[[Row], Row]:
    return lambda row: {**row, **fields}


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        (of(meter_no="M9"), "meter_no", "is no known meter"),
        (of(meter_no=None), "meter_no", "is missing"),
        (of(minutes=20), "minutes", "is none of 15, 30, 60"),
        (of(minutes=5), "minutes", "is none of 15, 30, 60"),
        (of(start="2026-03-02T00:07+08:00"), "start", "is not the beginning of an interval"),
        (of(start="2026-03-02T00:00:00.5+08:00"), "start", "is not the beginning of an interval"),
        (of(start="2026-02-30T00:00+08:00"), "start", "is not a time like 2026-01-31T00:15+08:00"),
        (of(start="2026-03-02"), "start", "is not a time like 2026-01-31T00:15+08:00"),
        (of(start="9999-12-31T23:45+08:00"), "start", "is not a time like 2026-01-31T00:15+08:00"),
        (of(start="2026-07-01T12:00+08:00"), "start", "lies in the future"),
        (of(start="2001-03-02T00:00+08:00"), "start", "is older than readings are taken"),
        (of(start=None), "start", "is missing"),
        (of(start="2026-03-02T00:00+23:59"), "start", "is not a time like 2026-01-31T00:15+08:00"),
        (of(channel=None, kwh=None), "kwh", "is missing"),
        (of(kwh="NaN"), "kwh", "is not a number with at most 12 digits and 6 decimals"),
        (of(kwh="1e3"), "kwh", "is not a number with at most 12 digits and 6 decimals"),
        (of(kwh="0.0000001"), "kwh", "is not a number with at most 12 digits and 6 decimals"),
        (of(kwh="1000000000000"), "kwh", "is more than a meter can count"),
        (of(kwh="-1234567890123.5"), "kwh", "is more than a meter can count"),
        (of(kwh=None), "kwh", "is missing"),
        (of(kwh="1", quality="missing"), "kwh", "must be empty where the reading is missing"),
        (of(quality="guessed"), "quality", "is none of actual, estimated, substituted, missing"),
        (of(channel="gas"), "channel", "is none of import, export, reactive_lag, reactive_lead"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_taken_is_refused_and_the_others_are_in(
    readings: Readings, change: Callable[[Row], Row], field: str, told: str
) -> None:
    good = rows(DAY, FULL)
    report = readings.take([*good[:5], change(good[5]), *good[6:]])
    assert readings.refused(report) == [(7, field, told)]
    [(kwh, _)] = readings.days().values()
    assert kwh == [Decimal(value) if number != 5 else None for number, value in enumerate(FULL)]


@pytest.mark.parametrize(
    ("kwh", "reason"), [("-0.000001", "negative"), ("25.000001", "implausible"), ("999999999999", "implausible")]
)
def test_what_nobody_believes_waits_once_and_is_told(readings: Readings, kwh: str, reason: str) -> None:
    bad = [*FULL[:5], kwh, *FULL[6:]]
    for _ in range(2):
        report = readings.take(rows(DAY, bad))
        assert [(no, field) for no, field, _ in readings.refused(report)] == [(7, "kwh")]
    assert readings.held() == [(reason, Decimal(kwh), "open")]
    [(found, qualities)] = readings.days().values()
    assert (found[5], qualities) == (None, "aaaaam" + "a" * 90)


def test_a_new_value_replaces_the_known_one_which_is_kept(readings: Readings) -> None:
    readings.take(rows(DAY, FULL))
    report = readings.take(rows(DAY, ["9", *FULL[1:]]))
    assert (report.changed, report.unchanged) == (1, 95)
    [(kwh, _)] = readings.days().values()
    assert kwh[0] == 9
    with readings.database.read() as session:
        [kept] = session.sql("select energies[1] as first, replaced_by, replaced_why from interval_day_revision").all()
    assert (kept.first, kept.replaced_by, kept.replaced_why) == (100_000, "operator:test", "file")


def test_the_same_file_again_writes_nothing(readings: Readings) -> None:
    records = [
        *rows(DAY, ["-1", *FULL[1:]]),
        *rows(DAY, ["7"], quality=Quality.ESTIMATED),
        *rows(DAY + timedelta(1), FULL[:40]),
    ]
    readings.take(records)
    before = readings.written()
    report = readings.take(records)
    assert (report.new, report.changed) == (0, 0)
    assert readings.written() == before


@pytest.mark.parametrize(
    ("first", "second", "left", "held"),
    [
        (Quality.ESTIMATED, Quality.ACTUAL, ("2", "a"), []),
        (Quality.SUBSTITUTED, Quality.ACTUAL, ("2", "a"), []),
        (Quality.ACTUAL, Quality.ESTIMATED, ("1", "a"), ["contradicted"]),
        (Quality.ACTUAL, Quality.SUBSTITUTED, ("1", "a"), ["contradicted"]),
        (Quality.ESTIMATED, Quality.ESTIMATED, ("2", "e"), []),
        (Quality.ACTUAL, Quality.ACTUAL, ("2", "a"), []),
    ],
)
def test_an_estimate_never_replaces_a_reading(
    readings: Readings, first: Quality, second: Quality, left: tuple[str, str], held: list[str]
) -> None:
    readings.take(rows(DAY, ["1"], quality=first))
    readings.take(rows(DAY, ["2"], quality=second))
    [(kwh, qualities)] = readings.days().values()
    assert (kwh[0], qualities[0]) == (Decimal(left[0]), left[1])
    assert [reason for reason, _, _ in readings.held()] == held


def test_an_estimate_that_was_replaced_does_not_wait_when_it_comes_again(readings: Readings) -> None:
    readings.take(rows(DAY, ["1"], quality=Quality.ESTIMATED))
    readings.take(rows(DAY, ["2"]))
    before = readings.written()
    assert readings.take(rows(DAY, ["1"], quality=Quality.ESTIMATED)).rejected == 0
    assert readings.written() == before


def test_two_rows_of_one_interval_are_one_or_the_loser_waits(readings: Readings) -> None:
    twice = [*rows(DAY, ["1", "5"]), *rows(DAY, ["1"]), *rows(DAY, [None, "6"])]
    report = readings.take(twice)
    [(kwh, _)] = readings.days().values()
    assert kwh[:2] == [1, 6]
    assert readings.held() == [("contradicted", Decimal(5), "open")]
    assert readings.refused(report) == [(3, "kwh", "contradicts a better or a later reading: it waits in quarantine")]


def test_a_length_of_interval_holds_for_a_whole_day(readings: Readings) -> None:
    readings.take(rows(DAY, FULL[:4]))
    report = readings.take([*rows(DAY, ["1"], minutes=30), *rows(DAY + timedelta(1), ["1"], minutes=30)])
    assert readings.refused(report) == [(2, "minutes", "is another length of interval than this meter has on this day")]
    assert {(minutes, day) for _, _, minutes, day in readings.days()} == {(15, DAY), (30, DAY + timedelta(1))}


def test_a_reading_belongs_to_the_account_that_had_the_meter_on_its_day(readings: Readings, vault: Vault) -> None:
    moved, gone = DAY + timedelta(2), DAY + timedelta(4)
    with readings.database.write() as session:
        first, second, third = (make_account(session, vault) for _ in range(3))
        place_meter(session, account_id=first.id, meter_no="M7", since=DAY, until=moved)
        place_meter(session, account_id=second.id, meter_no="M7", since=moved, until=gone)
        place_meter(session, account_id=third.id, meter_no="M8", since=DAY, until=gone)
        place_meter(session, account_id=first.id, meter_no="M8", since=DAY)
    days = [DAY + timedelta(number) for number in range(-1, 6)]
    report = readings.take(
        [row for day in days for row in rows(day, ["1"], meter_no="M7")] + rows(DAY, ["1"], meter_no="M8")
    )
    with readings.database.read() as session:
        found = session.sql("select account_id, day from interval_day order by day").all()
    # The day on which it leaves is still the last account's: whoever read it then read what it measured there.
    assert [(row.account_id, row.day) for row in found] == [
        (first.id, days[1]),
        (first.id, days[2]),
        (second.id, days[3]),
        (second.id, days[4]),
        (second.id, days[5]),
    ]
    assert readings.refused(report) == [
        (2, "meter_no", "is a meter that was at no account on this day"),
        (8, "meter_no", "is a meter that was at no account on this day"),
        (9, "meter_no", "is a meter that two accounts say they had on this day"),
    ]


def test_exactly_the_days_that_changed_are_to_be_summed_up(readings: Readings) -> None:
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 4, 5)]
    readings.take([row for day in days for row in rows(day, FULL)])
    assert readings.months() == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 4, 1)]
    with readings.database.write() as session:
        session.sql("delete from usage_change")
    third = date(2026, 2, 3)
    readings.take([*rows(days[0], FULL), *rows(days[1], ["3", *FULL[1:]]), *rows(third, FULL)])
    assert readings.months() == [date(2026, 2, 1)]
    with readings.database.write() as session:
        assert [change.days for change in operations.claim_changes(session, most=9)] == [0b101]


@pytest.mark.parametrize("seed", range(4))
def test_any_order_in_any_pieces_ends_in_the_same_days(readings: Readings, seed: int) -> None:
    chosen = random.Random(seed)
    days = [DAY + timedelta(number) for number in range(-2, 3)]
    records = [
        row
        for day in days
        for channel in (Channel.IMPORT, Channel.EXPORT)
        for row in rows(day, chosen.sample(FULL, 96), channel=channel)
    ]
    records += [row | {"kwh": "8.25"} for row in rows(DAY, FULL, quality=Quality.ESTIMATED)[:20]]
    records = chosen.sample(records, len(records) - 100)
    readings.take(records)
    whole, held = readings.days(), {each[:2] for each in readings.held() if each[0] != "contradicted"}
    with readings.database.write() as session:
        session.sql("update reading_series set meter_no = 'OLD-' || meter_no")
    chosen.shuffle(records)
    cut = sorted(chosen.sample(range(len(records)), 3))
    for first, last in zip([0, *cut], [*cut, None], strict=True):
        if piece := records[first:last]:
            readings.take(piece, chunk_rows=chosen.choice((37, 250, 10_000)))
    pieces = {key: value for key, value in readings.days().items() if not key[0].startswith("OLD")}
    assert pieces == whole
    assert {each[:2] for each in readings.held() if each[0] != "contradicted"} == held


def test_future_depends_on_the_end_of_the_interval(readings: Readings) -> None:
    local = NOW.astimezone(readings.zone)
    starts = [each for each in times(local.date()) if each < local]
    report = readings.take(rows(local.date(), ["1"] * (len(starts) + 1)))
    assert [no for no, _, _ in readings.refused(report)] == [len(starts) + 2]
    assert isinstance(starts[-1], datetime)


def test_a_reading_of_a_month_is_refused_and_the_others_are_in(readings: Readings) -> None:
    start = times(DAY)[0]
    with readings.database.write() as session:
        taken = operations.take_intervals(
            session, [interval(1, start, "1"), interval(2, start, "900", minutes=31 * 24 * 60)], sender=sender()
        )
    assert {each.row_no for each in taken.rejects} == {2}
    [(kwh, _)] = readings.days().values()
    assert kwh[0] == 1
