"""What a document must add up to, beyond its shape: each check answers the faults that it finds."""

from collections import Counter
from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from core.money import exponent
from services.tariffs.errors import Fault
from services.tariffs.rules import energy_checks
from services.tariffs.rules.document import DemandCharge, Document, PowerFactor
from services.tariffs.rules.energy_checks import windows_faults

CENT: Final = Decimal("0.01")
_LIST_ONE: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL "
    "LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP "
    "TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
)
CURRENCIES: Final = frozenset(_LIST_ONE.split())
"""ISO 4217 (list one), without metals, funds and codes for tests."""

FACTS: Final = frozenset({"persons", "contract_kw", "transformer_kva"})
"""What is said of accounts as a number is no flag."""


def faults_of(document: Document, *, months: Collection[int]) -> list[Fault]:
    """Every fault of a document that must price these months, whenever its intervals begin."""
    found = faults_for_totals(document, months=months)
    if document.energy is not None:
        found += energy_checks.times_faults(document.energy, document)
    windows = [*(document.energy.windows if document.energy else ())]
    windows += document.demand_periods.windows if document.demand_periods else ()
    if document.time_zone is None and windows:
        found.append(Fault("$.time_zone", "zone_missing"))
    return sorted(set(found))


def faults_for_totals(document: Document, *, months: Collection[int]) -> list[Fault]:
    """The same where kWh come by period: who names no windows need not cover the day, and no zone is asked for."""
    found = [*_head(document), *_codes(document), *_demand(document)]
    if document.energy is not None:
        found += energy_checks.faults_of(document.energy, document, months)
    if document.power_factor is not None:
        found += _power_factor(document.power_factor)
    for at, credit in enumerate(document.credits):
        if credit.flag in FACTS:
            found.append(Fault(f"$.credits[{at}].flag", "not_a_choice", credit.flag))
    return sorted(set(found))


def _head(document: Document) -> Iterator[Fault]:
    if document.currency not in CURRENCIES:
        yield Fault("$.currency", "currency_unknown")
    elif document.rounding is not None and (document.rounding.places or 0) > exponent(document.currency):
        yield Fault("$.rounding.places", "places_too_many")
    if document.time_zone is not None and document.time_zone not in _zones():
        yield Fault("$.time_zone", "zone_unknown")
    if document.energy is None:
        if document.late_fee is None:
            yield Fault("$", "nothing_priced")
        if document.tiers is not None:
            yield Fault("$.tiers", "no_energy")
    if document.tax is not None and document.taxes:
        yield Fault("$.tax", "fields_exclusive", "tax, taxes")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(document: Document) -> ZoneInfo | None:
    """The zone of a checked document."""
    return None if document.time_zone is None else ZoneInfo(document.time_zone)


def _codes(document: Document) -> Iterator[Fault]:
    """Lines are told apart by their codes: no two of a bill may have the same."""
    said = [(f"$.per_kwh[{at}].code", part.code) for at, part in enumerate(document.per_kwh)]
    said += [(f"$.demand_charges[{at}].code", part.code) for at, part in enumerate(document.demand_charges)]
    said += [
        (f"$.demand_charges[{at}].code", f"{part.code}_tier{tier}")
        for at, part in enumerate(document.demand_charges)
        for tier in range(1, len(part.prices) + 1)
        if part.bounds
    ]
    said += [(f"$.fixed[{at}].code", part.code) for at, part in enumerate(document.fixed)]
    said += [(f"$.credits[{at}].code", part.code) for at, part in enumerate(document.credits)]
    said += [(f"$.taxes[{at}].code", part.code) for at, part in enumerate(document.taxes)]
    said += [
        (f"$.{name}.code", part.code)
        for name, part in (("export", document.export), ("minimum", document.minimum), ("tax", document.tax))
        if part is not None
    ]
    taken = Counter(code for _, code in said)
    for path, code in said:
        ours = code in {"energy", "demand", "demand_over", "capacity", "power_factor"}
        if taken[code] > 1 or ours or code.startswith(("energy_", "tier")):
            yield Fault(path, "duplicate_code", code)


def _demand(document: Document) -> Iterator[Fault]:
    demand = document.demand
    if demand is not None and demand.mode == "contract":
        for name, value in (("over_ratio", demand.over_ratio), ("over_multiplier", demand.over_multiplier)):
            if value is None:
                yield Fault(f"$.demand.{name}", "field_missing")
    named = document.demand_periods
    known: set[str] = set()
    if named is not None:
        known = {window.period for window in named.windows}
        known |= set() if named.default_period is None else {named.default_period}
        yield from windows_faults(named.windows, named.default_period, "$.demand_periods", known)
    for at, charge in enumerate(document.demand_charges):
        yield from _demand_charge(charge, f"$.demand_charges[{at}]", known)


def _demand_charge(charge: DemandCharge, path: str, periods: Collection[str]) -> Iterator[Fault]:
    if charge.period is not None and charge.period not in periods:
        yield Fault(f"{path}.period", "period_unknown", charge.period)
    if any(low >= high for low, high in pairwise(charge.bounds)):
        yield Fault(f"{path}.bounds", "limits_order")
    if len(charge.prices) != len(charge.bounds) + 1:
        yield Fault(f"{path}.prices", "adders_count", f"{len(charge.bounds) + 1}")


def _power_factor(factor: PowerFactor) -> Iterator[Fault]:
    reached = Decimal(0)
    for segment in sorted(factor.segments, key=lambda segment: segment.lo):
        at = factor.segments.index(segment)
        if segment.lo > segment.hi:
            yield Fault(f"$.power_factor.segments[{at}]", "limits_order")
            return
        if _first(segment.lo) < reached:
            yield Fault(f"$.power_factor.segments[{at}]", "segment_overlap")
        elif _first(segment.lo) > reached:
            yield Fault(f"$.power_factor.segments[{at}]", "segment_gap")
        reached = max(reached, _first(segment.hi, above=True))
    if reached <= 1:
        yield Fault("$.power_factor.segments", "segment_gap")
    for at, group in enumerate(factor.base):
        if group in {"power_factor", "minimum", "credits", "export"}:
            yield Fault(f"$.power_factor.base[{at}]", "not_a_choice", group)


def _first(factor: Decimal, *, above: bool = False) -> Decimal:
    """The first power factor of two decimals that is not below this one, or above it."""
    step = factor // CENT * CENT
    return step + CENT if above or step < factor else step
