"""What customers read from their meters themselves: what counts at once, what waits, and who may say what again."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest

from core import intake
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.intake import Report
from services.accounts.queries import AccountRef
from services.metering import operations, queries
from services.metering.errors import (
    NoMeterToRead,
    NotYourReading,
    PhotoTooLate,
    ReadingsLimited,
    ReadingToldAlready,
    ReadingTooLong,
    RegisterUnknown,
)
from services.metering.formats.series import shown
from services.metering.operations import Decision, RegisterReadingsLoader, Teller, Told, limits_of
from services.metering.operations.own_readings import MOST_A_DAY
from services.metering.photos import picture_of
from services.metering.queries import OwnReading, OwnState, Register
from tests.factories.accounts import make_user
from tests.factories.own_readings import picture
from tests.factories.readings import NOW, ZONE, Readings, Row, place_meter, sender
from tests.support.registers import counted_by_registers

DAY: Final = timedelta(days=1)
JULY: Final = date(2026, 7, 1)


class Meter:
    """An account with the meter M1, and two people who may tell its readings."""

    def __init__(self, database: Database, vault: Vault, settings: Settings, account: AccountRef) -> None:
        self.database, self.vault, self.settings, self.account = database, vault, settings, account
        with database.write() as session:
            self.me, self.other = (make_user(session, vault) for _ in range(2))

    def teller(self, who: UUID | None = None, now: datetime = NOW) -> Teller:
        who = who or self.me
        return Teller(who, Actor(f"user:{who}"), now, ZONE, limits_of(self.settings), 4)

    def tell(
        self,
        value: str,
        *,
        who: UUID | None = None,
        now: datetime = NOW,
        register: Register = Register.TOTAL,
        meter: int | None = None,
    ) -> OwnReading:
        told = Told(meter, register, Decimal(value))
        with self.database.write() as session:
            told_id = operations.tell_reading(
                session, account_id=self.account.id, told=told, teller=self.teller(who, now)
            )
            found = queries.own_reading(session, account_id=self.account.id, reading_id=told_id)
        assert found is not None
        return found

    def send(self, reading: OwnReading, *, who: UUID | None = None, now: datetime = NOW) -> None:
        made = picture_of(picture(), most_bytes=10**6)
        with self.database.write() as session:
            operations.attach_photo(
                session,
                vault=self.vault,
                account_id=self.account.id,
                told_id=reading.id,
                picture=made,
                teller=self.teller(who, now),
            )

    def shown(self, reading: OwnReading) -> bytes | None:
        with self.database.read() as session:
            found = queries.own_photo(session, vault=self.vault, account_id=self.account.id, reading_id=reading.id)
        return None if found is None else found.image

    def listed(self) -> list[OwnReading]:
        with self.database.read() as session:
            return queries.own_readings(session, account_id=self.account.id, limit=50)

    def used(self) -> Decimal:
        with self.database.read() as session:
            found = counted_by_registers(session, account_id=self.account.id, zone=ZONE)
        return sum((queries.kwh_of(each.energy) for each in found), Decimal(0))

    def count(self, table: str) -> int:
        with self.database.read() as session:
            found: int = session.connection().exec_driver_sql(f"select count(*) from {table}").scalar_one()
        return found

    def decide(self, act: str) -> None:
        decision = Decision(Actor("staff:1"), "asked by telephone", NOW + timedelta(hours=1), ZONE, 120)
        with self.database.write() as session:
            held = session.sql("select id from reading_quarantine where state = 'open'").scalar_one()
            {"accept": operations.accept, "discard": operations.discard}[act](
                session, account_id=self.account.id, quarantine_id=held, decision=decision
            )


@pytest.fixture
def empty(database: Database, vault: Vault, settings: Settings, account: AccountRef) -> Meter:
    return Meter(database, vault, settings, account)


def send_file(meter: Meter, readings: Readings, *values: tuple[str, str], multiplier: str | None = None) -> Report:
    said = {"meter_no": "M1", "register": None, "quality": None, "digits": 5, "multiplier": multiplier}
    records: list[Row] = [{**said, "read_at": day, "value": value} for day, value in values]
    path = readings.write(records)
    return intake.run(meter.database, path=path, loader=RegisterReadingsLoader(sender()), chunk_rows=100)


def read_by_file(meter: Meter, readings: Readings, *values: tuple[str, str]) -> Meter:
    send_file(meter, readings, *values)
    with meter.database.write() as session:
        session.sql("delete from usage_change")
    return meter


@pytest.fixture
def meter(empty: Meter, readings: Readings) -> Meter:
    """Ten kWh a day, and one and a half days since."""
    return read_by_file(empty, readings, ("2026-06-20", "1000"), ("2026-06-30", "1100"))


def test_a_reading_that_goes_on_as_usual_counts_at_once(meter: Meter, readings: Readings) -> None:
    told = meter.tell("1115.5")
    assert (told.state, told.reason, told.value) == (OwnState.ACCEPTED, None, Decimal("1115.5"))
    assert meter.used() == Decimal("115.5")
    assert readings.months() == [date(2026, 6, 1), JULY]
    with meter.database.read() as session:
        row = session.sql("select source, quality, recorded_by from register_reading order by id desc limit 1").one()
    assert tuple(row) == ("customer", "a", f"user:{meter.me}")


def test_who_told_what_instead_of_what_is_in_the_audit_log(meter: Meter) -> None:
    first = meter.tell("1115.5")
    second = meter.tell("1161", now=NOW + timedelta(hours=1))
    meter.tell("1161", now=NOW + timedelta(hours=2))
    with meter.database.read() as session:
        acts = session.sql(
            "select actor, subject, before, after from audit where act = 'metering.told' order by id"
        ).all()
    assert [tuple(each) for each in acts] == [
        (f"user:{meter.me}", f"account:{meter.account.id}", None, {"reading": str(first.id), "register": "total"}),
        (
            *(f"user:{meter.me}", f"account:{meter.account.id}"),
            {"reading": str(first.id)},
            {"reading": str(second.id), "register": "total"},
        ),
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [("1099.9", "inverted"), ("1161", "implausible"), ("99999", "implausible")],
)
def test_what_is_less_than_before_or_far_more_than_usual_waits_for_staff(
    meter: Meter, readings: Readings, value: str, reason: str
) -> None:
    told = meter.tell(value)
    assert (told.state, told.reason) == (OwnState.WAITING, reason)
    assert (meter.used(), readings.months()) == (Decimal(100), [])
    assert readings.held() == [(reason, Decimal(value), "open")]


def test_a_register_may_begin_again_at_zero(empty: Meter, readings: Readings) -> None:
    meter = read_by_file(empty, readings, ("2026-06-20", "99890"), ("2026-06-30", "99990"))
    assert meter.tell("00004").state is OwnState.ACCEPTED
    assert meter.used() == Decimal(114)


def test_the_first_reading_of_a_meter_waits_and_counts_once_staff_accept_it(empty: Meter) -> None:
    told = empty.tell("7312")
    assert (told.state, told.reason, told.register) == (OwnState.WAITING, "first", Register.TOTAL)
    empty.decide("accept")
    assert [each.state for each in empty.listed()] == [OwnState.ACCEPTED]
    assert empty.tell("7320", now=NOW + DAY).state is OwnState.ACCEPTED
    assert empty.used() == Decimal(8)


def test_the_suppliers_multiplier_holds_for_a_register_that_only_a_customer_made(
    empty: Meter, readings: Readings
) -> None:
    empty.tell("7312", now=NOW - 10 * DAY)
    empty.decide("accept")
    assert empty.tell("7320").state is OwnState.ACCEPTED
    assert empty.used() == Decimal(8)
    with empty.database.write() as session:
        session.sql("delete from usage_change")
    report = send_file(empty, readings, ("2026-07-01", "7319"), multiplier="80")
    assert (report.new, report.rejected) == (1, 0)
    assert empty.used() == Decimal(8 * 80)
    assert readings.months() == [date(2026, 6, 1), JULY]
    report = send_file(empty, readings, ("2026-07-01", "7319"), multiplier="40")
    assert [(field, told) for _, field, told in readings.refused(report)] == [
        ("multiplier", "differs from what is known of this register")
    ]


def test_what_staff_discard_is_refused_and_may_be_told_anew(meter: Meter) -> None:
    meter.tell("1161")
    meter.decide("discard")
    assert [(each.state, each.reason) for each in meter.listed()] == [(OwnState.REFUSED, "implausible")]
    assert meter.tell("1116").state is OwnState.ACCEPTED


def test_told_again_on_the_day_by_the_same_person_the_later_one_holds(meter: Meter, readings: Readings) -> None:
    first = meter.tell("1110")
    assert meter.tell("1110", now=NOW + timedelta(minutes=1)) == first, "the same again is the same"
    meter.tell("1190", now=NOW + timedelta(minutes=2))
    assert meter.used() == Decimal(100), "what was taken back counts no more"
    last = meter.tell("1112", now=NOW + timedelta(minutes=3))
    assert (meter.listed(), meter.used()) == ([last], Decimal(112))
    assert readings.held() == [("implausible", Decimal(1190), "discarded")]
    meter.tell("1120", now=NOW + DAY)
    assert (len(meter.listed()), meter.used()) == (2, Decimal(120))


def test_nobody_else_replaces_it_and_nobody_what_staff_accepted(meter: Meter) -> None:
    meter.tell("1161")
    with pytest.raises(ReadingToldAlready):
        meter.tell("1112", who=meter.other)
    meter.decide("accept")
    with pytest.raises(ReadingToldAlready):
        meter.tell("1112")
    assert meter.used() == Decimal(161)


def test_a_day_has_an_end_of_corrections(meter: Meter) -> None:
    for number in range(MOST_A_DAY):
        meter.tell(f"11{number:02}", now=NOW + timedelta(minutes=number))
    with pytest.raises(ReadingsLimited):
        meter.tell("1150", now=NOW + timedelta(hours=1))


def test_only_registers_of_the_present_meter_are_read(meter: Meter) -> None:
    with pytest.raises(RegisterUnknown):
        meter.tell("10", register=Register.PEAK)
    with pytest.raises(RegisterUnknown):
        meter.tell("10", meter=2)
    with pytest.raises(ReadingTooLong):
        meter.tell("100000")
    with meter.database.write() as session:
        place_meter(session, account_id=meter.account.id, meter_no="M2", since=date(2026, 6, 1))
    with pytest.raises(RegisterUnknown):
        meter.tell("1110")
    assert meter.tell("1110", meter=1).state is OwnState.ACCEPTED
    with meter.database.write() as session:
        session.sql("update meter set removed_on = '2026-07-01', installed_on = '2026-01-01' where meter_no = 'M1'")
        [left] = queries.readable_registers(session, account_id=meter.account.id, today=JULY, zone=ZONE)
    assert (left.meter, left.meter_no) == (2, "…"), "what chooses a meter stays when another goes"
    with pytest.raises(RegisterUnknown):
        meter.tell("1111", meter=1)
    with meter.database.write() as session:
        session.sql("update meter set removed_on = '2026-07-01', installed_on = '2026-01-01'")
    with pytest.raises(NoMeterToRead):
        meter.tell("1111", meter=1)


@pytest.mark.parametrize(("meter_no", "end"), [("3301002233", "…2233"), ("330100", "…00"), ("3301", "…"), ("7", "…")])
def test_no_number_is_shown_so_far_that_the_rest_is_guessed(meter_no: str, end: str) -> None:
    assert shown(meter_no) == end


def test_another_holder_sees_nothing_of_the_time_before(meter: Meter) -> None:
    told = meter.tell("1110")
    meter.send(told)
    with meter.database.write() as session:
        session.sql("update account set holder_since = '2026-07-02'")
        [register] = queries.readable_registers(session, account_id=meter.account.id, today=JULY, zone=ZONE)
    assert (meter.listed(), meter.shown(told)) == ([], None)
    assert (register.last_value, register.last_read_at) == (None, None)


@pytest.mark.parametrize(("value", "state"), [("1110", "accepted"), ("1099", "waiting"), ("9000", "waiting")])
def test_another_holder_is_judged_by_the_time_before_and_told_nothing_of_it(
    meter: Meter, value: str, state: str
) -> None:
    with meter.database.write() as session:
        session.sql("update account set holder_since = '2026-07-01'")
    found = meter.tell(value)
    assert (found.state, found.reason) == (OwnState(state), None if state == "accepted" else "first")


def test_a_picture_is_sealed_and_shown_as_it_was_made(meter: Meter) -> None:
    told = meter.tell("1110")
    meter.send(told)
    jpeg = meter.shown(told)
    assert jpeg == picture_of(picture(), most_bytes=10**6).jpeg
    with meter.database.read() as session:
        row = session.sql(
            "select p.image_sealed, p.id, r.photo_id from reading_photo p, register_reading r order by r.id desc limit 1"
        ).one()
    assert b"JFIF" not in bytes(row.image_sealed)
    assert row.photo_id == row.id
    meter.send(told)
    assert meter.count("reading_photo") == 1, "another takes its place"


def test_a_picture_comes_from_whoever_told_it_on_its_day_until_staff_decide(meter: Meter) -> None:
    told = meter.tell("1161")
    with pytest.raises(NotYourReading):
        meter.send(told, who=meter.other)
    with pytest.raises(PhotoTooLate):
        meter.send(told, now=NOW + DAY)
    meter.send(told)
    meter.decide("discard")
    with pytest.raises(PhotoTooLate):
        meter.send(told)


def test_pictures_are_forgotten_by_the_clock_with_what_is_replaced_and_with_their_person(meter: Meter) -> None:
    told = meter.tell("1110")
    meter.send(told)
    with meter.database.write() as session:
        assert operations.purge_photos(session, before=NOW, most=10) == 0
        assert operations.purge_photos(session, before=NOW + DAY, most=10) == 1
    assert [each.has_photo for each in meter.listed()] == [False]
    meter.send(told)
    meter.send(meter.tell("1111", now=NOW + timedelta(minutes=1)))
    assert meter.count("reading_photo") == 1
    personal = operations.OwnReadings()
    with meter.database.write() as session:
        copy = personal.export(session, vault=meter.vault, user_id=meter.me)["meter_readings"]
        assert [(each["value"], each["state"], each["has_photo"]) for each in copy] == [
            ("1110.000000", "replaced", False),
            ("1111.000000", "accepted", True),
        ]
        personal.erase(session, vault=meter.vault, user_id=meter.me, now=NOW)
        assert personal.export(session, vault=meter.vault, user_id=meter.me) == {"meter_readings": []}
    assert (meter.count("reading_photo"), meter.used()) == (0, Decimal(111))
    assert [each.user_id for each in meter.listed()] == [None]
