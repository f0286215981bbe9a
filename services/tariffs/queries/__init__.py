"""What others may ask of tariffs: the pricing engine."""

from services.tariffs.rules.calendar import (
    PLAIN_DAY,
    DayFacts,
    day_class,
    day_periods,
    demand_period_of,
    period_of,
    spans,
)
from services.tariffs.rules.cycles import Cycle, cycle_of
from services.tariffs.rules.document import shape_faults
from services.tariffs.rules.late_fees import LateFee, late_fee
from services.tariffs.rules.numbers import decimal_of, plain, short
from services.tariffs.rules.prepaid import Alert, DayCost, DayUse, Prepaid, prepaid
from services.tariffs.rules.pricing import price
from services.tariffs.rules.tariff import Tariff, Tier, dump, parse
from services.tariffs.rules.urdb import from_urdb
from services.tariffs.rules.use import Facts, Line, Priced, Reason, Slot, Use, negate

__all__ = [
    "PLAIN_DAY",
    "Alert",
    "Cycle",
    "DayCost",
    "DayFacts",
    "DayUse",
    "Facts",
    "LateFee",
    "Line",
    "Prepaid",
    "Priced",
    "Reason",
    "Slot",
    "Tariff",
    "Tier",
    "Use",
    "cycle_of",
    "day_class",
    "day_periods",
    "decimal_of",
    "demand_period_of",
    "dump",
    "from_urdb",
    "late_fee",
    "negate",
    "parse",
    "period_of",
    "plain",
    "prepaid",
    "price",
    "shape_faults",
    "short",
    "spans",
]
