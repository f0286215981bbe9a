"""What staff and programs decide about readings that nobody believed: each once, for a reason."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import audit, outbox
from core.audit import Actor
from core.db import WriteSession, statement
from core.errors import Json
from services.metering.errors import ReadingDecided, ReadingNotAcceptable, ReadingNotEstimable, ReadingUnknown
from services.metering.estimates import Estimate, estimates, place_of, sources_of
from services.metering.events import OwnReadingDecided
from services.metering.measures import Doubt, Quality
from services.metering.models import QuarantineKind, QuarantineState, ReadingSource
from services.metering.operations.days import DayNow, SeriesRef, known_days, lock_series, write_days
from services.metering.operations.single import MOST_ACCEPTED, accept_register
from services.metering.rules import is_acceptable

Days = dict[date, tuple[list[int | None], str]]


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, why, and when. `zone` is the supplier's; `linear_minutes` bounds what neighbours may estimate."""

    actor: Actor
    why: str
    now: datetime
    zone: ZoneInfo
    linear_minutes: int


def accept(session: WriteSession, *, account_id: int, quarantine_id: UUID, decision: Decision) -> None:
    """Believe a reading: it is written as an actual one, whatever is known, which is kept.

    What a register showed as it went from one account to another of the unit is decided for both. If it was said since
    that the meter was elsewhere then, the reading follows it there.

    Raises ReadingUnknown, ReadingDecided, and ReadingNotAcceptable for an interval below zero, beyond what can be
    summed up or of a day that came in intervals of another length, and for a register that runs backwards: one of its
    readings is wrong, and is to be corrected.
    """
    held, beside = _open(session, account_id=account_id, quarantine_id=quarantine_id)
    for each in (held, *beside):
        if not is_acceptable(reason=each.reason, energy=each.energy):
            raise ReadingNotAcceptable(reason=each.reason)
    if held.kind == QuarantineKind.REGISTER.value:
        for each in sorted((held, *beside), key=lambda one: one.account_id):
            accept_register(session, held=each, actor=decision.actor, now=decision.now, zone=decision.zone)
            _close(session, each, QuarantineState.ACCEPTED, decision, act="metering.accepted")
        return
    if held.energy > MOST_ACCEPTED:
        raise ReadingNotAcceptable(reason=held.reason)
    series, days, place = _day_of(session, held, decision.zone)
    day, element, count = place
    if _is_known_otherwise(session, series, day):
        raise ReadingNotAcceptable(reason=held.reason)
    energies, qualities = _whole(days, day, count)
    energies[element] = held.energy
    after = qualities[:element] + Quality.ACTUAL.value + qualities[element + 1 :]
    _write(session, [DayNow(series, day, energies, after)], QuarantineState.ACCEPTED, decision)
    _close(session, held, QuarantineState.ACCEPTED, decision, act="metering.accepted")


def discard(session: WriteSession, *, account_id: int, quarantine_id: UUID, decision: Decision) -> None:
    """Do not believe it: what is known stays. For both accounts that a register's reading is of, as in `accept`.

    Raises ReadingUnknown and ReadingDecided.
    """
    held, beside = _open(session, account_id=account_id, quarantine_id=quarantine_id)
    for each in (held, *beside):
        _close(session, each, QuarantineState.DISCARDED, decision, act="metering.discarded")


def estimate(session: WriteSession, *, account_id: int, quarantine_id: UUID, decision: Decision) -> None:
    """Put an estimate where it would stand, unless something is known there by now.

    Raises ReadingUnknown, ReadingDecided, and ReadingNotEstimable when no rule reaches it.
    """
    held, _ = _open(session, account_id=account_id, quarantine_id=quarantine_id)
    if held.kind == QuarantineKind.REGISTER.value or held.reason == Doubt.STRAYED:
        raise ReadingNotEstimable
    series, days, (day, element, count) = _day_of(session, held, decision.zone)
    energies, qualities = _whole(days, day, count)
    if qualities[element] == Quality.MISSING.value and not _is_known_otherwise(session, series, day):
        found = estimates(day, days, minutes=series.minutes, zone=decision.zone, linear_minutes=decision.linear_minutes)
        here = [each for each in found if each.first <= element < each.first + len(each.energies)]
        if not here:
            raise ReadingNotEstimable
        one = Estimate(element, [here[0].energies[element - here[0].first]], here[0].rule)
        put_estimates(session, series, DayNow(series, day, energies, qualities), [one], decision=decision)
    _close(session, held, QuarantineState.ESTIMATED, decision, act="metering.estimated")


def put_estimates(
    session: WriteSession, series: SeriesRef, known: DayNow, made: list[Estimate], *, decision: Decision
) -> None:
    """Write estimates into a locked day, and by which rule each was made."""
    energies, qualities = list(known.energies), known.qualities
    for each in made:
        last = each.first + len(each.energies)
        energies[each.first : last] = each.energies
        qualities = qualities[: each.first] + Quality.ESTIMATED.value * len(each.energies) + qualities[last:]
    _write(session, [DayNow(series, known.day, energies, qualities)], QuarantineState.ESTIMATED, decision)
    for each in made:
        session.sql(
            """insert into interval_estimate (account_id, series_id, day, first, elements, rule, made_at, made_by)
               values (:account_id, :series_id, :day, :first, :elements, :rule, :now, :actor)""",
            account_id=series.account_id,
            series_id=series.series_id,
            day=known.day,
            first=each.first,
            elements=len(each.energies),
            rule=each.rule,
            now=decision.now,
            actor=decision.actor.name,
        )


def _open(session: WriteSession, *, account_id: int, quarantine_id: UUID) -> tuple[sa.Row[Any], list[sa.Row[Any]]]:
    """What waits, and the same reading where it waits for another account."""
    rows = session.sql(statement(__package__, "held_open.sql"), account_id=account_id, id=quarantine_id).all()
    held = next((row for row in rows if row.account_id == account_id and row.id == quarantine_id), None)
    if held is None:
        raise ReadingUnknown
    if held.state != QuarantineState.OPEN.value:
        raise ReadingDecided(state=held.state)
    return held, [row for row in rows if row is not held]


def _day_of(session: WriteSession, held: sa.Row[Any], zone: ZoneInfo) -> tuple[SeriesRef, Days, tuple[date, int, int]]:
    series = lock_series(
        session, account_id=held.account_id, meter_no=held.meter_no, channel=held.channel, minutes=held.minutes
    )
    place = place_of(held.start_at, zone=zone, minutes=held.minutes)
    return series, known_days(session, series=series, spans=sources_of(place[0])), place


def _is_known_otherwise(session: WriteSession, series: SeriesRef, day: date) -> bool:
    """Whether the day is read in intervals of another length: in both it would count twice. The series is locked.

    So is every series of an account by whoever takes a file: none of another length comes to the day meanwhile.
    """
    return bool(
        session.sql(
            """select exists (
                 select from reading_series s
                 join reading_series o on o.account_id = s.account_id and o.meter_no = s.meter_no
                   and o.channel = s.channel and o.id <> s.id
                 join interval_day i on i.account_id = o.account_id and i.series_id = o.id and i.day = :day
                 where s.account_id = :account_id and s.id = :series_id)""",
            account_id=series.account_id,
            series_id=series.series_id,
            day=day,
        ).scalar_one()
    )


def _whole(days: Days, day: date, count: int) -> tuple[list[int | None], str]:
    energies, qualities = days.get(day, ([None] * count, Quality.MISSING.value * count))
    return list(energies), qualities


def _write(session: WriteSession, days: list[DayNow], state: QuarantineState, decision: Decision) -> None:
    write_days(session, days, why=state.value, actor=decision.actor.name, now=decision.now, zone=decision.zone)


def _close(session: WriteSession, held: sa.Row[Any], state: QuarantineState, decision: Decision, *, act: str) -> None:
    session.sql(
        """update reading_quarantine set state = :state, decided_at = :now, decided_by = :actor, decided_why = :why
           where account_id = :account_id and id = :id""",
        state=state.value,
        now=decision.now,
        actor=decision.actor.name,
        why=decision.why,
        account_id=held.account_id,
        id=held.id,
    )
    if state is QuarantineState.ACCEPTED:
        session.sql(statement(__package__, "moving_again.sql"), meter_no=held.meter_no)
    if held.source == ReadingSource.CUSTOMER.value:
        _tell(session, held)
    said: dict[str, Json] = {"reading": str(held.id), "reason": decision.why}
    audit.record(session, actor=decision.actor, act=act, subject=f"account:{held.account_id}", after=said)


def _tell(session: WriteSession, held: sa.Row[Any]) -> None:
    told = session.sql(
        """select id from own_reading
           where account_id = :account_id and held_id = :held_id and user_id is not null and replaced_at is null""",
        account_id=held.account_id,
        held_id=held.id,
    ).scalar_one_or_none()
    if told is not None:
        outbox.add(session, OwnReadingDecided(account_id=held.account_id, reading_id=str(told)))
