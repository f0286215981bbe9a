"""Reads of usage: what customers, staff and programs see of it."""

from services.accounts.queries import AccountId
from services.usage.queries.checking import Violation, invariants
from services.usage.queries.comparing import dry_run, what_if
from services.usage.queries.lately import last_days
from services.usage.queries.running import cost_by_day, running_cost
from services.usage.queries.showing import series
from services.usage.queries.standing import price_now, tier_position
from services.usage.queries.views import (
    Bar,
    BarQuality,
    ClassTotal,
    Comparison,
    DayCost,
    Difference,
    DryRun,
    Forecast,
    Gap,
    LastDay,
    Of,
    Offer,
    OfferMonth,
    PeriodCost,
    PricedSlot,
    PriceNow,
    Rung,
    RunningCost,
    RunningPart,
    Series,
    TierPosition,
    Unpriced,
    WhatIf,
)

__all__ = [
    "AccountId",
    "Bar",
    "BarQuality",
    "ClassTotal",
    "Comparison",
    "DayCost",
    "Difference",
    "DryRun",
    "Forecast",
    "Gap",
    "LastDay",
    "Of",
    "Offer",
    "OfferMonth",
    "PeriodCost",
    "PriceNow",
    "PricedSlot",
    "Rung",
    "RunningCost",
    "RunningPart",
    "Series",
    "TierPosition",
    "Unpriced",
    "Violation",
    "WhatIf",
    "cost_by_day",
    "dry_run",
    "invariants",
    "last_days",
    "price_now",
    "running_cost",
    "series",
    "tier_position",
    "what_if",
]
