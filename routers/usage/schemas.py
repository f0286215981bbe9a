"""What the JSON API says of usage."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.usage.queries import views
from services.usage.queries.views import BarQuality, Of
from web.models import AnswerModel, Moment

Exact = Annotated[Decimal, Field(description="An exact decimal number as text.")]

BAR: Final[JsonDict] = {
    "begin": "2026-11-25T00:00:00+08:00",
    "end": "2026-11-26T00:00:00+08:00",
    "kwh": "8.422",
    "by_period": {"peak": "2.941", "flat": "4.302", "valley": "1.179"},
    "export_kwh": None,
    "quality": "actual",
}
COMPARISON: Final[JsonDict] = {
    "first": "2026-10-01",
    "end": "2026-11-01",
    "days": 24,
    "days_left_out": 0,
    "kwh": "198.831",
    "kwh_then": "240.550",
}


class UsageBar(AnswerModel):
    """Use from `begin` up to `end`, in all and by price period; null where nothing is known, which is not zero.

    `partial`: some of its time is missing. `awaited`: nothing can have been read yet.
    """

    begin: Moment
    end: Moment
    kwh: Exact | None
    by_period: dict[str, Exact]
    export_kwh: Exact | None
    quality: BarQuality

    @classmethod
    def of(cls, bar: views.Bar) -> "UsageBar":
        """The bar as JSON."""
        return cls(
            begin=bar.begin,
            end=bar.end,
            kwh=bar.kwh,
            by_period=dict(bar.by_period),
            export_kwh=bar.export_kwh,
            quality=bar.quality,
        )


class UsageGap(AnswerModel):
    """Time of which no reading is known."""

    begin: Moment
    end: Moment


class UsageComparison(AnswerModel):
    """The same days of another stretch: both sums are over the `days` that both have whole."""

    first: date
    end: date
    days: int
    days_left_out: int
    kwh: Exact
    kwh_then: Exact

    @classmethod
    def of(cls, found: views.Comparison | None) -> "UsageComparison | None":
        """The comparison as JSON."""
        if found is None:
            return None
        return cls(
            first=found.first,
            end=found.end,
            days=found.days,
            days_left_out=found.days_left_out,
            kwh=found.kwh,
            kwh_then=found.kwh_then,
        )


class UsageSeries(AnswerModel):
    """Use of a day by hours, a month by days or a year by months, from `first` up to, not including, `end`.

    Readings are known up to `known_until`; what is missing before it is named in `gaps` and in no sum. Whoever sees
    sums alone gets years, without periods, gaps and the running month. On `days_of_registers` days there are no
    intervals: what registers counted between two readings is shared out evenly, and such a day is one bar.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "of": "month",
                    "first": "2026-11-01",
                    "end": "2026-12-01",
                    "bars": [BAR],
                    "periods": ["peak", "flat", "valley"],
                    "kwh": "8.422",
                    "by_period": {"peak": "2.941", "flat": "4.302", "valley": "1.179"},
                    "export_kwh": None,
                    "gaps": [{"begin": "2026-11-06T00:00:00+08:00", "end": "2026-11-07T00:00:00+08:00"}],
                    "known_until": "2026-11-26T00:00:00+08:00",
                    "before": COMPARISON,
                    "year_before": None,
                    "days_of_registers": 0,
                }
            ]
        }
    )

    of: Of
    first: date
    end: date
    bars: list[UsageBar]
    periods: list[str]
    kwh: Exact
    by_period: dict[str, Exact]
    export_kwh: Exact | None
    gaps: list[UsageGap]
    known_until: Moment | None
    before: UsageComparison | None
    year_before: UsageComparison | None
    days_of_registers: int

    @classmethod
    def seen(cls, series: views.Series) -> "UsageSeries":
        """The series as JSON."""
        return cls(
            of=series.of,
            first=series.first,
            end=series.end,
            bars=[UsageBar.of(bar) for bar in series.bars],
            periods=list(series.periods),
            kwh=series.kwh,
            by_period=dict(series.by_period),
            export_kwh=series.export_kwh,
            gaps=[UsageGap(begin=gap.begin, end=gap.end) for gap in series.gaps],
            known_until=series.known_until,
            before=UsageComparison.of(series.before),
            year_before=UsageComparison.of(series.year_before),
            days_of_registers=series.days_of_registers,
        )


class UsageIntervals(AnswerModel):
    """Every interval of some days, for a drawing: the first begins at `start` (Unix time), each lasts `minutes`.

    `energies` are whole millionths of a kWh, null where nothing is known. Days before the first that was read and
    behind the last one are left out; `start` is null when nothing was read.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"start": 1795449600, "minutes": 15, "energies": [112000, 98000, None]}]}
    )

    start: int | None
    minutes: int
    energies: list[int | None]
