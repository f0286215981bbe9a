"""Rates of the U.S. Utility Rate Database (URDB), turned into documents of ours.

Taken: fixed and minimum charges, energy by period or by tier, charges on demand by month or by time, one price for what
is exported. What the format cannot say is refused by name, never left out in silence.

`max` of a tier is the sum from zero up to which it reaches. Some files give widths instead: where they do not rise they
are found out and refused; widths that happen to rise cannot be told from sums, so whoever loads a rate should look at
its limits.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any, Final

from services.tariffs.errors import Fault, TariffInvalid
from services.tariffs.rules.document import clock, path_of
from services.tariffs.rules.numbers import DECIMALS, EXACT, decimals, plain, rounded
from services.tariffs.rules.tariff import ZERO, parse

MONTHS: Final = 12
HOURS: Final = 24
ENDLESS: Final = Decimal(10) ** 9
"""Files write 1e38 for a tier without end."""

ENERGY: Final = "energyratestructure"
PER: Final = {"$/month": "month", "$/day": "day"}
WEEKDAYS: Final = ["workday", "holiday"]
WEEKEND: Final = ["weekend"]
UNSUPPORTED: Final = (
    *("coincidentratestructure", "coincidentrateschedule", "demandratchetpercentage", "fueladjustmentsmonthly"),
    *("annualmincharge", "fixedchargeeaaddl", "lookbackpercent"),
)

Tier = tuple[Decimal, Decimal | None]
"""Rate, and the sum up to which it holds."""

Place = tuple[int | str, ...]
Schedule = Sequence[Sequence[int]]


def from_urdb(rate: Mapping[str, Any], *, time_zone: str) -> dict[str, Any]:
    """The document of a rate, checked by `parse`.

    Numbers must be texts, whole numbers or Decimal (read the file with `parse_float=Decimal`). Raises TariffInvalid
    with faults whose paths are those of the rate.
    """
    with localcontext(EXACT):
        return _Rate(rate, time_zone).document()


class _Rate:
    """One rate while it is read."""

    def __init__(self, rate: Mapping[str, Any], time_zone: str) -> None:
        self.rate = rate
        self.time_zone = time_zone

    def document(self) -> dict[str, Any]:
        for name in UNSUPPORTED:
            if _says(self.rate.get(name)):
                raise _refused((name,), "structure_unsupported")
        name = " ".join(self.text("name").split()) or self.text("label") or "URDB rate"
        found: dict[str, Any] = {
            "id": (self.text("label") or name)[:200],
            "name": name[:200],
            "currency": "USD",
            "time_zone": self.time_zone,
            "rounding": {"mode": "half_up", "stage": "line"},
            **self.energy(),
            **self.demand(),
            **self.fixed(),
        }
        parse(found)
        return found

    def text(self, name: str) -> str:
        """What a field says; nothing where it is no text."""
        found = self.rate.get(name)
        return found if isinstance(found, str) else ""

    def energy(self) -> dict[str, Any]:
        structure = self.structure(ENERGY, "kWh")
        if not structure:
            raise _refused((ENERGY,), "field_missing")
        schedules = self.schedules("energyweekdayschedule", "energyweekendschedule", len(structure))
        used = [sorted({hour for schedule in schedules for hour in schedule[month]}) for month in range(MONTHS)]
        is_tiered = any(len(structure[period]) > 1 for periods in used for period in periods)
        if is_tiered and any(len(periods) > 1 for periods in used):
            raise _refused((ENERGY,), "structure_unsupported", "tiers within times of day")
        known = sorted({period for periods in used for period in periods})
        energy: dict[str, Any] = {
            "lines": "per_tier" if is_tiered else "period_plus_adders",
            "prices": {f"p{period}": plain(structure[period][0][0]) for period in known},
        }
        if len(known) > 1:
            energy["windows"] = list(_windows(*schedules))
        found: dict[str, Any] = {"energy": energy}
        if is_tiered:
            found["tiers"] = {"cycle": "month", "seasons": list(_seasons(structure, used))}
        return found | self.export(structure, known)

    def export(self, structure: Sequence[Sequence[Tier]], known: Sequence[int]) -> dict[str, Any]:
        """One price for exported kWh; several cannot be said."""
        rows = self.rate[ENERGY]
        prices = {
            self.number(tier["sell"], (ENERGY, period, at, "sell"))
            for period in known
            for at, tier in enumerate(rows[period][: len(structure[period])])
            if tier.get("sell") is not None
        }
        if len(prices) > 1:
            raise _refused((ENERGY,), "structure_unsupported", "more than one sell")
        price = next(iter(prices), ZERO)
        return {"export": {"price": plain(price)}} if price else {}

    def demand(self) -> dict[str, Any]:
        charges: list[dict[str, Any]] = []
        flat = self.structure("flatdemandstructure", "kW")
        if flat:
            self.unit("flatdemandunit", "kW")
            months = self.whole("flatdemandmonths", MONTHS, len(flat))
            for period, tiers in enumerate(flat):
                held = [month + 1 for month in range(MONTHS) if months[month] == period]
                if held and _costs(tiers):
                    charges.append({"code": f"flat_demand_p{period}", "months": held, **_steps(tiers)})
        by_time = self.structure("demandratestructure", "kW")
        found: dict[str, Any] = {}
        if by_time:
            self.unit("demandrateunit", "kW")
            schedules = self.schedules("demandweekdayschedule", "demandweekendschedule", len(by_time))
            found["demand_periods"] = {"windows": list(_windows(*schedules))}
            for period, tiers in enumerate(by_time):
                held = [
                    month + 1 for month in range(MONTHS) if any(period in schedule[month] for schedule in schedules)
                ]
                if held and _costs(tiers):
                    named = {"code": f"demand_p{period}", "period": f"p{period}", "months": held}
                    charges.append({**named, **_steps(tiers)})
        return {**found, "demand_charges": charges} if charges else {}

    def fixed(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, units in (("fixedchargefirstmeter", "fixedchargeunits"), ("mincharge", "minchargeunits")):
            amount = self.number(self.rate.get(name) or 0, (name,))
            unit = self.rate.get(units, "$/month")
            if not amount:
                continue
            if not isinstance(unit, str) or unit not in PER:
                raise _refused((units,), "structure_unsupported", _shown(unit))
            if name == "mincharge":
                found["minimum"] = {"amount": plain(amount), "per": PER[unit]}
            else:
                found["fixed"] = [{"code": "customer_charge", "amount": plain(amount), "per": PER[unit]}]
        return found

    def structure(self, name: str, unit: str) -> list[list[Tier]]:
        """Periods of tiers."""
        periods = self.rate.get(name) or []
        if not isinstance(periods, list) or not all(isinstance(tiers, list) and tiers for tiers in periods):
            raise _refused((name,), "wrong_type")
        return [list(self.tiers(tiers, (name, at), unit)) for at, tiers in enumerate(periods)]

    def tiers(self, tiers: Sequence[Mapping[str, Any]], place: Place, unit: str) -> Iterator[Tier]:
        limits: list[Decimal] = []
        for at, tier in enumerate(tiers):
            here = (*place, at)
            if not isinstance(tier, Mapping):
                raise _refused(here, "wrong_type")
            if tier.get("unit", unit) != unit:
                raise _refused((*here, "unit"), "structure_unsupported", _shown(tier["unit"]))
            rate = self.number(tier.get("rate", 0), (*here, "rate")) + self.number(tier.get("adj", 0), (*here, "adj"))
            upto = None if tier.get("max") is None else self.number(tier["max"], (*here, "max"))
            is_last = at == len(tiers) - 1
            if upto is not None and upto < ENDLESS:
                if is_last:
                    raise _refused((*here, "max"), "structure_unsupported", "no price above the last tier")
                limits.append(upto)
            elif not is_last:
                raise _refused((*here, "max"), "field_missing")
            yield rate, None if is_last else upto
        if any(low >= high for low, high in pairwise(limits)):
            raise _refused(place, "limits_increments")

    def schedules(self, weekday: str, weekend: str, periods: int) -> tuple[Schedule, Schedule]:
        """Twelve months of twenty-four hours each; every hour the first period where none are said."""
        if periods == 1 and self.rate.get(weekday) is None and self.rate.get(weekend) is None:
            every = [[0] * HOURS] * MONTHS
            return every, every
        return self.schedule(weekday, periods), self.schedule(weekend, periods)

    def schedule(self, name: str, periods: int) -> Schedule:
        rows = self.rate.get(name)
        if not isinstance(rows, list) or len(rows) != MONTHS:
            raise _refused((name,), "wrong_type", f"{MONTHS} months")
        return [_whole(row, (name, month), HOURS, periods) for month, row in enumerate(rows)]

    def whole(self, name: str, count: int, most: int) -> Sequence[int]:
        return _whole(self.rate.get(name), (name,), count, most)

    def unit(self, name: str, wanted: str) -> None:
        if self.rate.get(name, wanted) != wanted:
            raise _refused((name,), "structure_unsupported", _shown(self.rate[name]))

    @staticmethod
    def number(value: object, place: Place) -> Decimal:
        """A number of a rate; the endless limit may be written with an exponent."""
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise _refused(place, "not_a_number")
        try:
            number = Decimal(value)
        except ArithmeticError:
            raise _refused(place, "not_a_number") from None
        if not number.is_finite():
            raise _refused(place, "not_a_number")
        if number >= ENDLESS:
            return ENDLESS
        if number.copy_abs() >= ENDLESS:
            raise _refused(place, "number_out_of_range")
        kept = rounded(number, DECIMALS, "down")
        if kept != number:
            raise _refused(place, "decimals_too_many")
        return number if decimals(number) <= DECIMALS else kept


def _whole(row: object, place: Place, count: int, most: int) -> list[int]:
    if not isinstance(row, list) or len(row) != count:
        raise _refused(place, "wrong_type", f"{count} whole numbers")
    if not all(type(number) is int and 0 <= number < most for number in row):
        raise _refused(place, "period_unknown")
    return row


def _windows(weekday: Schedule, weekend: Schedule) -> Iterator[dict[str, Any]]:
    """Hours that follow each other with one period are one window; months that are alike share theirs."""
    if weekday == weekend:
        yield from _spans(weekday, {})
    else:
        yield from _spans(weekday, {"days": WEEKDAYS})
        yield from _spans(weekend, {"days": WEEKEND})


def _spans(schedule: Schedule, days: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    months: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for month, hours in enumerate(schedule):
        begin = 0
        for hour in range(1, HOURS + 1):
            if hour == HOURS or hours[hour] != hours[begin]:
                months[begin, hour, hours[begin]].append(month + 1)
                begin = hour
    for (begin, end, period), held in sorted(months.items()):
        window = {"period": f"p{period}", "from": clock(begin * 60), "to": clock(end * 60), **days}
        yield window if len(held) == MONTHS else {**window, "months": held}


def _seasons(structure: Sequence[Sequence[Tier]], used: Sequence[Sequence[int]]) -> Iterator[dict[str, Any]]:
    months: dict[int, list[int]] = defaultdict(list)
    for month, (period,) in enumerate(used):
        months[period].append(month + 1)
    for period, held in months.items():
        tiers = structure[period]
        base = tiers[0][0]
        yield {
            "months": held,
            "bounds": [plain(upto) for _, upto in tiers if upto is not None],
            "adders": [plain(rate - base) for rate, _ in tiers],
        }


def _steps(tiers: Sequence[Tier]) -> dict[str, Any]:
    return {
        "bounds": [plain(upto) for _, upto in tiers if upto is not None],
        "prices": [plain(rate) for rate, _ in tiers],
    }


def _costs(tiers: Sequence[Tier]) -> bool:
    return any(rate != ZERO for rate, _ in tiers)


def _says(value: object) -> bool:
    """Whether a field says anything: files carry lists of nothing but zeros."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left += part
        elif isinstance(part, Mapping):
            left += part.values()
        elif part:
            return True
    return False


def _shown(value: object) -> str:
    """What was said, cut short; of what is no text only its kind."""
    return value[:40] if isinstance(value, str) else type(value).__name__


def _refused(place: Place, code: str, detail: str = "") -> TariffInvalid:
    return TariffInvalid([Fault(path_of(place), code, detail)])
