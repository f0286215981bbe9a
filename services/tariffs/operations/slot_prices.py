"""Prices of intervals, as files and programs send them: half-hourly prices are known a day or some hours ahead."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from core import locks, outbox
from core.db import WriteSession
from core.intake import Taken
from core.periods import FIRST_YEAR, LAST_YEAR, business_date, start_of
from core.records import Layout, Reject, Row
from services.tariffs.events import SlotPricesChanged
from services.tariffs.operations.importing import GONE, SupplierLoader

LOCK: Final = "tariffs.slot_prices"
"""Held by whoever writes prices: nobody compares with what another is changing."""
QUARTER: Final = timedelta(minutes=15)
USUAL: Final = 30
_MINUTES: Final = frozenset({"15", "30", "60"})
_RATE: Final = re.compile(r"-?\d{1,10}([.]\d{1,8})?", re.ASCII)
_OFFSETS: Final = timedelta(hours=14)
_NOT_A_MOMENT: Final = "is not a time like 2026-01-31T00:15+08:00"


@dataclass(frozen=True, slots=True)
class _Price:
    """One interval of a tariff. `day`, `quarter`: where it lies by the supplier's clock; `rate` None: it is gone."""

    code: str
    start: datetime
    minutes: int
    rate: Decimal | None
    day: date
    quarter: int

    def meets(self, other: "_Price") -> bool:
        """Whether both hold at some moment of the same day."""
        first, second = sorted((self, other), key=lambda each: each.quarter)
        return first.quarter + first.minutes // 15 > second.quarter


class SlotPricesLoader(SupplierLoader):
    """`wattline import slot-prices`: what a kWh costs in each interval, in minor units of the tariff's currency.

    Repeatable. Another price for a known interval is a correction: what was known is kept in
    `tariff_slot_price_revision`. SlotPricesChanged names the months of corrections, and of prices that come when their
    interval has begun already: what was priced by them, or could not be without, is priced anew.
    """

    kind: ClassVar[str] = "slot-prices"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(
        ("tariff_code", "start", "minutes", "rate_minor"), frozenset({"tariff_code", "start", "rate_minor"})
    )

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Write what is new or different."""
        locks.lock(session, key=LOCK)
        wrong = {each.row_no for each in refused}
        said = [(row.no, _price(row.values, self._zone)) for row in rows if row.no not in wrong]
        codes = _known_codes(session, {price.code for _, price in said})
        known = _known_prices(session, {(price.code, price.day) for _, price in said})
        counts, seen = dict.fromkeys(("new", "changed", "unchanged"), 0), set[tuple[str, datetime]]()
        replaced, written = list[_Price](), dict[tuple[str, datetime], _Price]()
        for row_no, price in said:
            of_day, before = known[price.code, price.day], known[price.code, price.day].get(price.quarter)
            reject = _refusal(row_no, price, of_day, codes, seen)
            if reject is not None:
                refused = [*refused, reject]
                continue
            seen.add((price.code, price.start))
            is_same = price.rate is None if before is None else before == price
            counts["unchanged" if is_same else "new" if before is None else "changed"] += 1
            if is_same:
                continue
            if before is not None:
                replaced.append(before)
            written[price.code, price.start] = of_day[price.quarter] = price
            if price.rate is None:
                del of_day[price.quarter]
        _replace(session, replaced, run_id=run_id)
        _write(session, [price for price in written.values() if price.rate is not None])
        moment: datetime = session.sql("select now()").scalar_one()
        late = (price for price in written.values() if price.start < moment)
        for code, months in sorted(_months([*replaced, *late]).items()):
            outbox.add(session, SlotPricesChanged(tariff_code=code, months=sorted(months)))
        return self._count(session, run_id=run_id, counts=counts, rejects=refused)

    def _faults(self, values: Sequence[str | None]) -> list[tuple[str, str]]:
        code, start, minutes, rate = values
        faults = [] if code is not None else [("tariff_code", "is missing")]
        if minutes is not None and minutes not in _MINUTES:
            faults.append(("minutes", "is none of 15, 30, 60"))
        if (fault := _start_fault(start, int(minutes) if minutes in _MINUTES else 15, self._zone)) is not None:
            faults.append(("start", fault))
        if rate is None:
            faults.append(("rate_minor", "is missing"))
        elif rate != GONE and not _RATE.fullmatch(rate):
            faults.append(("rate_minor", "is not a number with at most 10 digits and 8 decimals"))
        return faults


def _start_fault(text: str | None, minutes: int, zone: ZoneInfo) -> str | None:
    """Why no interval of so many minutes begins then; None where one does."""
    if text is None:
        return "is missing"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _NOT_A_MOMENT
    if len(text) <= len("2026-01-31") or not FIRST_YEAR < found.year < LAST_YEAR:
        return _NOT_A_MOMENT
    if (offset := found.utcoffset()) is None:
        return "has no offset, and nobody said of which zone it is"
    if abs(offset) > _OFFSETS:
        return _NOT_A_MOMENT
    day = business_date(found, zone)
    since, length = found - start_of(day, zone), timedelta(minutes=minutes)
    is_whole = since % length == timedelta() and since + length <= start_of(day + timedelta(days=1), zone) - start_of(
        day, zone
    )
    return None if is_whole else "is not the beginning of an interval"


def _price(values: Sequence[str | None], zone: ZoneInfo) -> _Price:
    code, start, minutes, rate = values
    at = datetime.fromisoformat(start or "").astimezone(UTC)
    day = business_date(at, zone)
    return _Price(
        code=code or "",
        start=at,
        minutes=int(minutes or USUAL),
        rate=None if rate == GONE else Decimal(rate or ""),
        day=day,
        quarter=(at - start_of(day, zone)) // QUARTER,
    )


def _refusal(
    row_no: int, price: _Price, of_day: Mapping[int, _Price], codes: set[str], seen: set[tuple[str, datetime]]
) -> Reject | None:
    if price.code not in codes:
        return Reject(row_no, "tariff_code", "is no known tariff")
    if (price.code, price.start) in seen:
        return Reject(row_no, "start", "stands twice in the file")
    others = (other for quarter, other in of_day.items() if quarter != price.quarter)
    if price.rate is not None and any(price.meets(other) for other in others):
        return Reject(row_no, "start", "lies within another interval that has a price")
    return None


def _known_codes(session: WriteSession, codes: set[str]) -> set[str]:
    return set(session.sql("select code from tariff where code = any(:codes)", codes=list(codes)).scalars())


def _known_prices(session: WriteSession, days: set[tuple[str, date]]) -> dict[tuple[str, date], dict[int, _Price]]:
    known: dict[tuple[str, date], dict[int, _Price]] = defaultdict(dict)
    for row in session.sql(
        """select p.tariff_code, p.start_at, p.minutes, p.rate_minor, p.day, p.quarter
           from unnest(cast(:codes as text[]), cast(:days as date[])) s (code, day)
           join tariff_slot_price p on p.tariff_code = s.code and p.day = s.day""",
        codes=[code for code, _ in days],
        days=[day for _, day in days],
    ):
        known[row.tariff_code, row.day][row.quarter] = _Price(
            row.tariff_code, row.start_at, row.minutes, row.rate_minor, row.day, row.quarter
        )
    return known


def _replace(session: WriteSession, prices: Iterable[_Price], *, run_id: int) -> None:
    """Take prices away, keeping what they were."""
    given = list(prices)
    session.sql(
        """with gone as (
             delete from tariff_slot_price p
             using unnest(cast(:codes as text[]), cast(:starts as timestamptz[])) s (code, start_at)
             where p.tariff_code = s.code and p.start_at = s.start_at
             returning p.tariff_code, p.start_at, p.minutes, p.rate_minor)
           insert into tariff_slot_price_revision (tariff_code, start_at, minutes, rate_minor, run_id, replaced_at)
           select g.tariff_code, g.start_at, g.minutes, g.rate_minor, :run_id, now() from gone g
           order by g.tariff_code, g.start_at""",
        codes=[each.code for each in given],
        starts=[each.start for each in given],
        run_id=run_id,
    )


def _write(session: WriteSession, prices: Sequence[_Price]) -> None:
    session.sql(
        """insert into tariff_slot_price (tariff_code, start_at, minutes, rate_minor, day, quarter)
           select * from unnest(cast(:codes as text[]), cast(:starts as timestamptz[]), cast(:minutes as smallint[]),
             cast(:rates as numeric[]), cast(:days as date[]), cast(:quarters as smallint[]))""",
        codes=[each.code for each in prices],
        starts=[each.start for each in prices],
        minutes=[each.minutes for each in prices],
        rates=[each.rate for each in prices],
        days=[each.day for each in prices],
        quarters=[each.quarter for each in prices],
    )


def _months(prices: Iterable[_Price]) -> dict[str, set[str]]:
    """The first days of the months in which these intervals lie, by tariff."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in prices:
        found[each.code].add(each.day.replace(day=1).isoformat())
    return found
