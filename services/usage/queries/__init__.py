"""Reads of usage: what customers, staff and programs see of it."""

from services.usage.queries.checking import Violation, invariants
from services.usage.queries.running import cost_by_day, running_cost
from services.usage.queries.showing import series
from services.usage.queries.standing import price_now, tier_position
from services.usage.queries.views import (
    Bar,
    BarQuality,
    Comparison,
    DayCost,
    Forecast,
    Gap,
    Of,
    PeriodCost,
    PriceNow,
    Rung,
    RunningCost,
    RunningPart,
    Series,
    TierPosition,
)

__all__ = [
    "Bar",
    "BarQuality",
    "Comparison",
    "DayCost",
    "Forecast",
    "Gap",
    "Of",
    "PeriodCost",
    "PriceNow",
    "Rung",
    "RunningCost",
    "RunningPart",
    "Series",
    "TierPosition",
    "Violation",
    "cost_by_day",
    "invariants",
    "price_now",
    "running_cost",
    "series",
    "tier_position",
]
