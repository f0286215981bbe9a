"""Files of holidays and of temperatures: what documents of tariffs ask about days."""

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from core.db import WriteSession
from core.intake import Taken
from core.periods import day_of
from core.records import Layout, Reject, Row
from services.accounts import operations as accounts
from services.accounts.operations import UnitRows
from services.tariffs.models import DayKind
from services.tariffs.operations import calendar

GONE: Final = "-"
"""What a file says of something that is there no more."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WARMTH: Final = re.compile(r"-?\d{1,2}([.]\d)?", re.ASCII)
_LEAST_C, _MOST_C = -90, 70


class SupplierLoader(ABC):
    """What files have in common that are no unit's but the whole supplier's."""

    def __init__(self, *, zone: ZoneInfo) -> None:
        """`zone` is the supplier's: by it days are told apart."""
        self._zone = zone

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:  # noqa: ARG002 -- the protocol's
        """Refuse rows of the wrong form."""
        return [Reject(row.no, field, reason) for row in rows for field, reason in self._faults(row.values)]

    def place(
        self,
        session: WriteSession,
        *,
        run_id: int,
        rows: Sequence[Row],  # noqa: ARG002 -- the protocol's
        rejects: Sequence[Reject],
    ) -> list[Reject]:
        """Days are no unit's."""
        return accounts.count_rejects(session, run_id=run_id, rejects=rejects, places={})

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:  # noqa: ARG002 -- the protocol's
        """Nothing was noted."""
        return 0

    @abstractmethod
    def _faults(self, values: Sequence[str | None]) -> list[tuple[str, str]]:
        """What is wrong with the form of a row: field and reason."""

    def _count(self, session: WriteSession, *, run_id: int, counts: Mapping[str, int], rejects: list[Reject]) -> Taken:
        counted = UnitRows(0, counts["new"], counts["changed"], counts["unchanged"], accounts=0)
        return accounts.count_rows(session, run_id=run_id, rows=[counted], rejects=rejects)


class HolidaysLoader(SupplierLoader):
    """`wattline import holidays`: public holidays by name, and weekend days on which people work.

    Days of published versions that come out otherwise are made anew and told by TariffDaysChanged.
    """

    kind: ClassVar[str] = "holidays"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(("day", "name", "kind"), frozenset({"day", "name"}))

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Write what is new or different, then make the days anew that it concerns."""
        calendar.hold_calendar(session)
        wrong = {each.row_no for each in refused}
        said = [(row.no, *_holiday(row.values)) for row in rows if row.no not in wrong]
        known = known_holidays(session, days={day for _, day, _, _ in said})
        counts, touched, seen = dict.fromkeys(("new", "changed", "unchanged"), 0), set[date](), set[tuple[date, str]]()
        for row_no, day, name, kind in said:
            before = known[day].get(name)
            after = (
                {**known[day], name: kind} if kind else {key: each for key, each in known[day].items() if key != name}
            )
            if (day, name) in seen:
                refused = [*refused, Reject(row_no, "name", "stands twice in the file")]
            elif len(set(after.values())) > 1:
                refused = [*refused, Reject(row_no, "kind", "is another than that of the day's other name")]
            else:
                known[day] = after
                counts["unchanged" if before == kind else "new" if before is None else "changed"] += 1
                touched |= {day} if before != kind else set()
            seen.add((day, name))
        write_holidays(session, {day: known[day] for day in touched})
        calendar.remake(session, days=sorted(touched), place=None, zone=self._zone)
        return self._count(session, run_id=run_id, counts=counts, rejects=refused)

    def _faults(self, values: Sequence[str | None]) -> list[tuple[str, str]]:
        day, name, kind = values
        faults = [*_day_faults("day", day), *_name_faults("name", name)]
        if kind not in {None, GONE, *DayKind}:
            faults.append(("kind", f"is none of {', '.join(DayKind)}"))
        return faults


class TemperaturesLoader(SupplierLoader):
    """`wattline import temperatures`: how warm it became at a place that documents name, in degrees Celsius.

    Days of published versions that come out otherwise are made anew and told by TariffDaysChanged.
    """

    kind: ClassVar[str] = "temperatures"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(("place", "day", "max_c"), frozenset({"place", "day", "max_c"}))

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Write what is new or different, then make the days anew that it concerns."""
        calendar.hold_calendar(session)
        wrong = {each.row_no for each in refused}
        said = [(row.no, *_warmth(row.values)) for row in rows if row.no not in wrong]
        known = _known_warmth(session, said={(place, day) for _, place, day, _ in said})
        counts, written = dict.fromkeys(("new", "changed", "unchanged"), 0), dict[tuple[str, date], Decimal | None]()
        seen = set[tuple[str, date]]()
        for row_no, place, day, max_c in said:
            key = (place, day)
            if key in seen:
                refused = [*refused, Reject(row_no, "day", "stands twice in the file")]
                continue
            seen.add(key)
            before = known.get(key)
            counts["unchanged" if before == max_c else "new" if before is None else "changed"] += 1
            if before != max_c:
                written[key] = max_c
        write_warmth(session, written)
        for place in sorted({place for place, _ in written}):
            days = sorted(day for where, day in written if where == place)
            calendar.remake(session, days=days, place=place, zone=self._zone)
        return self._count(session, run_id=run_id, counts=counts, rejects=refused)

    def _faults(self, values: Sequence[str | None]) -> list[tuple[str, str]]:
        place, day, max_c = values
        faults = [*_name_faults("place", place), *_day_faults("day", day)]
        if max_c is None:
            faults.append(("max_c", "is missing"))
        elif max_c != GONE and not is_warmth(max_c):
            faults.append(("max_c", "is not a temperature from -90 to 70 with at most 1 decimal"))
        return faults


def is_day_name(text: str) -> bool:
    """Whether it may be the name of a holiday or of a place, as documents write them."""
    return _NAME.fullmatch(text) is not None


def is_warmth(text: str) -> bool:
    """Whether it is a temperature that days have, with at most one decimal."""
    return _WARMTH.fullmatch(text) is not None and _LEAST_C <= Decimal(text) <= _MOST_C


def _day_faults(column: str, text: str | None) -> list[tuple[str, str]]:
    is_day = text is not None and _DAY.fullmatch(text) is not None
    try:
        day_of(text or "")
    except ValueError:
        is_day = False
    return [] if is_day else [(column, "is not a date like 2026-01-31")]


def _name_faults(column: str, text: str | None) -> list[tuple[str, str]]:
    if text is None:
        return [(column, "is missing")]
    said = "is not a name of small letters, digits and _ that begins with a letter"
    return [] if is_day_name(text) else [(column, said)]


def _holiday(values: Sequence[str | None]) -> tuple[date, str, DayKind | None]:
    day, name, kind = values
    return day_of(day or ""), name or "", None if kind == GONE else DayKind(kind or DayKind.HOLIDAY)


def _warmth(values: Sequence[str | None]) -> tuple[str, date, Decimal | None]:
    place, day, max_c = values
    return place or "", day_of(day or ""), None if max_c == GONE else Decimal(max_c or "")


def known_holidays(session: WriteSession, *, days: set[date]) -> dict[date, dict[str, DayKind]]:
    """What these days count as, by name."""
    known: dict[date, dict[str, DayKind]] = defaultdict(dict)
    for row in session.sql("select day, name, kind from holiday where day = any(:days)", days=list(days)):
        known[row.day][row.name] = DayKind(row.kind)
    return known


def write_holidays(session: WriteSession, known: Mapping[date, Mapping[str, DayKind]]) -> None:
    """Say anew what these days are."""
    rows = [(day, name, kind.value) for day, names in known.items() for name, kind in names.items()]
    session.sql("delete from holiday where day = any(:days)", days=list(known))
    session.sql(
        """insert into holiday (day, name, kind)
           select * from unnest(cast(:days as date[]), cast(:names as text[]), cast(:kinds as text[]))""",
        days=[day for day, _, _ in rows],
        names=[name for _, name, _ in rows],
        kinds=[kind for _, _, kind in rows],
    )


def _known_warmth(session: WriteSession, *, said: set[tuple[str, date]]) -> dict[tuple[str, date], Decimal]:
    rows = session.sql(
        "select place, day, max_c from temperature_day where place = any(:places) and day = any(:days)",
        places=list({place for place, _ in said}),
        days=list({day for _, day in said}),
    )
    return {(row.place, row.day): row.max_c for row in rows}


def write_warmth(session: WriteSession, written: Mapping[tuple[str, date], Decimal | None]) -> None:
    """Say anew how warm it became, by place and day; None takes it back."""
    gone = [key for key, max_c in written.items() if max_c is None]
    session.sql(
        """delete from temperature_day where (place, day) in (
             select * from unnest(cast(:places as text[]), cast(:days as date[])))""",
        places=[place for place, _ in gone],
        days=[day for _, day in gone],
    )
    session.sql(
        """insert into temperature_day (place, day, max_c)
           select * from unnest(cast(:places as text[]), cast(:days as date[]), cast(:max_cs as numeric[])) n
             (place, day, max_c)
           where n.max_c is not null
           on conflict (place, day) do update set max_c = excluded.max_c""",
        places=[place for place, _ in written],
        days=[day for _, day in written],
        max_cs=list(written.values()),
    )
