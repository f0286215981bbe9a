"""The shape of a tariff's document: which fields there are, their types and sizes. What they must add up to: `checks`.

A document is JSON. Numbers are decimal text, so that no parser can bend them; only counts, months and priorities are
numbers of JSON.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from core.texts import is_line
from services.tariffs.errors import REMEDIES, Fault, TariffInvalid
from services.tariffs.rules.numbers import Number, Positive, Share, Unsigned

QUARTER: Final = 15
MIDNIGHT: Final = 24 * 60
DECEMBER: Final = 12
MOST_WINDOWS: Final = 500
MOST_TIERS: Final = 20
MOST_LINES: Final = 50
MOST_SEGMENTS: Final = 200
MOST_FAULTS: Final = 500
"""Told of one document: a small one may break the format a hundred thousand times."""

DayClass = Literal["workday", "weekend", "holiday"]
DAY_CLASSES: Final[tuple[DayClass, ...]] = get_args(DayClass)
PartMonth = Literal["whole", "by_days"]
Group = Literal["energy", "surcharges", "demand", "power_factor", "fixed", "export", "credits", "minimum"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
Per = Literal["month", "day"]

_CLOCK: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


def _minute_of_day(value: object) -> int:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    minute = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= minute <= MIDNIGHT or minute % QUARTER:
        raise PydanticCustomError("not_a_time", "")
    return minute


def _month(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= DECEMBER:
        raise PydanticCustomError("not_a_month", "")
    return value


def _line(text: str) -> str:
    if not is_line(text):
        raise PydanticCustomError("not_a_line", "")
    return text


def _lines(text: str) -> str:
    return "\n".join(_line(line) for line in text.split("\n"))


def clock(minute: int) -> str:
    """Minutes since midnight as `07:30`; `24:00` ends a day."""
    return f"{minute // 60:02}:{minute % 60:02}"


Code = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=200), AfterValidator(_line)]
Lines = Annotated[str, Field(strict=True, max_length=4000), AfterValidator(_lines)]
Month = Annotated[int, BeforeValidator(_month)]
Months = Annotated[tuple[Month, ...], Field(min_length=1, max_length=12)]
Count = Annotated[int, Field(strict=True, ge=1, le=99)]
Places = Annotated[int, Field(strict=True, ge=0, le=8)]
Minute = Annotated[int, BeforeValidator(_minute_of_day), PlainSerializer(clock, return_type=str)]
Bounds = Annotated[tuple[Positive, ...], Field(max_length=MOST_TIERS)]
Adders = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MOST_TIERS + 1)]
Groups = Annotated[tuple[Group, ...], Field(min_length=1, max_length=len(GROUPS))]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rounding(_Part):
    """How and where amounts are rounded; `places` of amounts are those of the currency when absent."""

    mode: Literal["half_up", "half_down", "half_even", "up", "down"]
    stage: Literal["line", "bill"]
    places: Places | None = None
    unit_price_places: Places | None = None


class Component(_Part):
    """A part of the unit price; what floats is multiplied by the period's ratio."""

    name: Code
    price: Number
    floats: Annotated[bool, Field(strict=True)]


class Temperature(_Part):
    """A day counts when the highest temperature at a place reached this."""

    place: Code
    at_least_c: Number


class Window(_Part):
    """Part of a day, on some days, that belongs to a price period."""

    period: Code
    from_: Minute = Field(alias="from")
    to: Minute
    months: Months | None = None
    days: Annotated[tuple[DayClass, ...], Field(min_length=1, max_length=3)] | None = None
    holidays: Annotated[tuple[Code, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    temperature: Temperature | None = None
    priority: Annotated[int, Field(strict=True, ge=-1000, le=1000)] = 0


Windows = Annotated[tuple[Window, ...], Field(max_length=MOST_WINDOWS)]


class Energy(_Part):
    """What a kWh costs: by period, from prices or from components and ratios; or by slot."""

    lines: Literal["per_tier", "period_plus_adders", "slots"]
    prices: Annotated[dict[Code, Number], Field(min_length=1, max_length=MOST_LINES)] | None = None
    components: Annotated[tuple[Component, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    ratios: Annotated[dict[Code, Unsigned], Field(min_length=1, max_length=MOST_LINES)] | None = None
    windows: Windows = ()
    default_period: Code | None = None


class Season(_Part):
    """Limits, and adders where they differ, of some months."""

    months: Months
    bounds: Bounds
    adders: Adders | None = None


class Tiers(_Part):
    """Limits of use, closed above, and what is added to the price in each tier."""

    cycle: Literal["month", "year"]
    bounds_per_month: Bounds | None = None
    seasons: Annotated[tuple[Season, ...], Field(min_length=1, max_length=12)] | None = None
    adders: Adders | None = None
    adders_by_period: Annotated[dict[Code, Adders], Field(min_length=1, max_length=MOST_LINES)] | None = None
    first_month: Month = 1


class Household(_Part):
    """More use at the lower price for many persons."""

    min_persons: Count
    extra_kwh_per_month: Unsigned
    mode: Literal["first_only", "shift_all"]


class PerKwh(_Part):
    """A fund or another surcharge on each kWh, outside periods and tiers."""

    code: Code
    rate: Number


class Demand(_Part):
    """The two-part tariff: what capacity, measured or contracted demand costs a month."""

    mode: Literal["actual", "capacity", "contract"]
    price: Unsigned
    over_ratio: Unsigned | None = None
    over_multiplier: Unsigned | None = None
    floor_ratio: Unsigned | None = None


class DemandCharge(_Part):
    """A charge on the highest demand of the month, or of one demand period, in tiers of kW (`prices` by tier)."""

    code: Code
    period: Code | None = None
    months: Months | None = None
    bounds: Bounds = ()
    prices: Adders


class DemandPeriods(_Part):
    """The times of day of demand charges, apart from those of energy."""

    windows: Windows = ()
    default_period: Code | None = None


class Segment(_Part):
    """Power factors from `lo` to `hi`: rate = anchor_rate + per_point x points below `anchor`."""

    lo: Share
    hi: Share
    anchor: Share
    anchor_rate: Number
    per_point: Number


class PowerFactor(_Part):
    """The adjustment by power factor, on the rounded lines of the groups in `base`."""

    standard: Share
    segments: Annotated[tuple[Segment, ...], Field(min_length=1, max_length=MOST_SEGMENTS)]
    base: Groups


class Fixed(_Part):
    """An amount per month or day. A part of a month costs it whole, or by its days."""

    code: Code
    amount: Number
    per: Per
    part_month: PartMonth = "whole"


class Export(_Part):
    """What an exported kWh earns."""

    price: Number
    code: Code = "export"


class Credit(_Part):
    """Free kWh of a month for accounts with a flag. A part of a month has them whole, or by its days."""

    code: Code
    flag: Code
    kwh: Unsigned
    rate: Number
    part_month: PartMonth = "whole"


class Minimum(_Part):
    """The least that a bill comes to before tax. Of a part of a month it is that of the month, or by its days."""

    amount: Unsigned
    per: Per = "month"
    part_month: PartMonth = "whole"
    code: Code = "minimum"


class Tax(_Part):
    """A tax on the rounded net, or on the groups in `base`."""

    rate: Unsigned
    on: Literal["net"]
    base: Groups | None = None
    code: Code = "tax"


class LateFee(_Part):
    """Simple interest by the day, on what was due."""

    rate: Unsigned
    rate_prev_year: Unsigned | None = None
    minimum: Unsigned | None = None
    cap_ratio: Unsigned | None = None


class Document(_Part):
    """One tariff."""

    id: Text
    currency: Annotated[str, Field(strict=True, max_length=3)]
    time_zone: Annotated[str, Field(strict=True, max_length=64)] | None = None
    name: Text | None = None
    status: Text | None = None
    note: Lines | None = None
    rounding: Rounding | None = None
    energy: Energy | None = None
    tiers: Tiers | None = None
    household: Household | None = None
    per_kwh: Annotated[tuple[PerKwh, ...], Field(max_length=MOST_LINES)] = ()
    demand: Demand | None = None
    demand_charges: Annotated[tuple[DemandCharge, ...], Field(max_length=MOST_LINES)] = ()
    demand_periods: DemandPeriods | None = None
    power_factor: PowerFactor | None = None
    fixed: Annotated[tuple[Fixed, ...], Field(max_length=MOST_LINES)] = ()
    export: Export | None = None
    credits: Annotated[tuple[Credit, ...], Field(max_length=MOST_LINES)] = ()
    minimum: Minimum | None = None
    tax: Tax | None = None
    taxes: Annotated[tuple[Tax, ...], Field(max_length=MOST_LINES)] = ()
    late_fee: LateFee | None = None


def shape(document: object) -> Document:
    """The document with its types. Raises TariffInvalid with a fault for each field that is not as it must be."""
    try:
        return Document.model_validate(document)
    except ValidationError as error:
        raise TariffInvalid(shape_faults(error)) from None


def shape_faults(error: ValidationError) -> list[Fault]:
    """What Pydantic found, as faults, the first `MOST_FAULTS` of them; the values that were sent are not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = {_fault(each) for each in found}
    parts = {fault.path.rpartition("[")[0] for fault in told}
    return sorted(each for each in told if each.code != "field_missing" or each.path not in parts)[:MOST_FAULTS]


def dumped(document: Document) -> dict[str, Any]:
    """The document as JSON again, with the very fields and digits that it was made from."""
    return document.model_dump(mode="json", by_alias=True, exclude_unset=True)


_CODES: Final[Mapping[str, str]] = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "literal_error": "not_a_choice",
    "string_pattern_mismatch": "not_a_code",
    "string_too_long": "too_long",
    "string_too_short": "field_missing",
    "too_long": "too_many",
    "too_short": "field_missing",
    "greater_than_equal": "number_out_of_range",
    "less_than_equal": "number_out_of_range",
}


def _fault(error: ErrorDetails) -> Fault:
    kind = error["type"]
    code = _CODES.get(kind, kind)
    return Fault(path_of(error["loc"]), code if code in REMEDIES else "wrong_type")


def path_of(place: tuple[int | str, ...]) -> str:
    """`("energy", "windows", 2, "from")` as `$.energy.windows[2].from`; what was sent as a key is cut short."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in place if step != "[key]")
    return "$" + "".join(steps)
