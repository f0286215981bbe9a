"""What others may ask of tariffs: the pricing engine, tariffs with their versions, and what is known of days."""

from services.tariffs.errors import Fault
from services.tariffs.models import DayKind, TariffClass, VersionState
from services.tariffs.queries.calendar import (
    HolidayView,
    TemperatureView,
    day_facts,
    day_of,
    holidays,
    temperatures,
)
from services.tariffs.queries.slot_prices import SlotPrice, slot_prices
from services.tariffs.queries.versions import (
    TariffView,
    VersionId,
    VersionView,
    compare_versions,
    document_of,
    periods,
    tariff_named,
    tariff_of,
    tariffs,
    unknown_codes,
    version,
    version_on,
    versions,
    versions_page,
)
from services.tariffs.rules.calendar import (
    PLAIN_DAY,
    DayFacts,
    day_class,
    day_periods,
    demand_period_of,
    period_of,
    spans,
)
from services.tariffs.rules.comparing import (
    Comparison,
    Difference,
    HoursChange,
    PriceCell,
    PriceChange,
    compare,
    price_table,
)
from services.tariffs.rules.cycles import Cycle, cycle_of
from services.tariffs.rules.document import shape_faults
from services.tariffs.rules.late_fees import LateFee, late_fee
from services.tariffs.rules.numbers import decimal_of, plain, short
from services.tariffs.rules.prepaid import Alert, DayCost, DayUse, Prepaid, prepaid
from services.tariffs.rules.pricing import price
from services.tariffs.rules.tariff import Tariff, Tier, dump, parse, parse_for_totals
from services.tariffs.rules.urdb import from_urdb
from services.tariffs.rules.use import Facts, Line, Priced, Reason, Slot, SlotSum, Use, negate

__all__ = [
    "PLAIN_DAY",
    "Alert",
    "Comparison",
    "Cycle",
    "DayCost",
    "DayFacts",
    "DayKind",
    "DayUse",
    "Difference",
    "Facts",
    "Fault",
    "HolidayView",
    "HoursChange",
    "LateFee",
    "Line",
    "Prepaid",
    "PriceCell",
    "PriceChange",
    "Priced",
    "Reason",
    "Slot",
    "SlotPrice",
    "SlotSum",
    "Tariff",
    "TariffClass",
    "TariffView",
    "TemperatureView",
    "Tier",
    "Use",
    "VersionId",
    "VersionState",
    "VersionView",
    "compare",
    "compare_versions",
    "cycle_of",
    "day_class",
    "day_facts",
    "day_of",
    "day_periods",
    "decimal_of",
    "demand_period_of",
    "document_of",
    "dump",
    "from_urdb",
    "holidays",
    "late_fee",
    "negate",
    "parse",
    "parse_for_totals",
    "period_of",
    "periods",
    "plain",
    "prepaid",
    "price",
    "price_table",
    "shape_faults",
    "short",
    "slot_prices",
    "spans",
    "tariff_named",
    "tariff_of",
    "tariffs",
    "temperatures",
    "unknown_codes",
    "version",
    "version_on",
    "versions",
    "versions_page",
]
