"""What power costs: the two-part tariff in its three modes, charges on the highest demand, the power factor."""

from decimal import Decimal
from math import isqrt

from core.errors import Json
from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.rules.bill import Bill
from services.tariffs.rules.document import Demand, DemandCharge, PowerFactor
from services.tariffs.rules.numbers import plain
from services.tariffs.rules.tariff import ZERO, told

MICRO = 6
POINTS = Decimal(100)


def two_part(bill: Bill) -> None:
    """The monthly charge for capacity, measured demand or contracted demand.

    Raises UseInvalid when a fact that the mode needs is not known.
    """
    demand = bill.tariff.document.demand
    if demand is None:
        return
    facts = bill.use.facts
    if demand.mode == "capacity":
        kva = _known(facts.transformer_kva, "$.facts.transformer_kva")
        bill.add("demand", "capacity", kva, "kVA", demand.price, "demand_capacity", {})
        return
    measured = _known(bill.use.max_demand_kw, "$.max_demand_kw")
    if demand.mode == "actual":
        bill.add("demand", "demand", measured, "kW", demand.price, "demand_actual", {})
    else:
        _contract(bill, demand, measured)


def _contract(bill: Bill, demand: Demand, measured: Decimal) -> None:
    """Up to the tolerated ratio the contract is billed; what lies above it costs a multiple."""
    contract = _known(bill.use.facts.contract_kw, "$.facts.contract_kw")
    floor = ZERO
    if demand.floor_ratio is not None:
        floor = demand.floor_ratio * _known(bill.use.facts.transformer_kva, "$.facts.transformer_kva")
    billed = max(contract, floor)
    allowed = (demand.over_ratio or ZERO) * billed
    why: dict[str, Json] = {
        "contract": plain(contract),
        "floor": plain(floor),
        "measured": plain(measured),
        "allowed": plain(allowed),
    }
    if measured <= allowed:
        bill.add("demand", "demand", billed, "kW", demand.price, "demand_contract", why)
        return
    bill.add("demand", "demand", allowed, "kW", demand.price, "demand_contract", why)
    over = demand.price * (demand.over_multiplier or ZERO)
    bill.add("demand", "demand_over", measured - allowed, "kW", over, "demand_over", why)


def charges(bill: Bill) -> None:
    """Charges on the highest demand of the month or of a demand period, in tiers of kW."""
    for charge in bill.tariff.document.demand_charges:
        if charge.months is not None and bill.use.month is None:
            raise UseInvalid([Fault("$.month", "field_missing")])
        if charge.months is None or bill.use.month in charge.months:
            _charge(bill, charge)


def _charge(bill: Bill, charge: DemandCharge) -> None:
    if charge.period is None:
        measured = _known(bill.use.max_demand_kw, "$.max_demand_kw")
    else:
        by_period = bill.use.max_demand_by_period
        measured = _known(by_period.get(charge.period), f"$.max_demand_by_period.{charge.period}")
    above = ZERO
    for at, rate in enumerate(charge.prices):
        upto = charge.bounds[at] if at < len(charge.bounds) else None
        high = measured if upto is None or measured < upto else upto
        if high > above:
            code = f"{charge.code}_tier{at + 1}" if charge.bounds else charge.code
            why: dict[str, Json] = {"period": charge.period, "above": plain(above), "upto": told(upto)}
            bill.add("demand", code, high - above, "kW", rate, "demand_charge", why)
        if upto is not None:
            above = upto


def power_factor(bill: Bill, factor: PowerFactor) -> None:
    """The reduction (negative) or surcharge by the month's power factor; none where nothing was used.

    Raises UseInvalid where something was used and nothing measures reactive energy: that is no factor of one.
    """
    if bill.use.kvarh is None and not bill.kwh:
        return
    found = factor_of(bill.kwh, _known(bill.use.kvarh, "$.kvarh"))
    if found is None:
        return
    segment = next(segment for segment in factor.segments if segment.lo <= found <= segment.hi)
    rate = segment.anchor_rate + segment.per_point * (segment.anchor - found) * POINTS
    base = bill.sum_of(factor.base)
    bill.measured.update(power_factor=found, pf_rate=rate, pf_base=base)
    why: dict[str, Json] = {
        "power_factor": plain(found),
        "standard": plain(factor.standard),
        "lo": plain(segment.lo),
        "hi": plain(segment.hi),
        "anchor": plain(segment.anchor),
        "anchor_rate": plain(segment.anchor_rate),
        "per_point": plain(segment.per_point),
        "base": [*factor.base],
    }
    unit = "yuan" if bill.tariff.currency == "CNY" else "major"
    bill.add("power_factor", "power_factor", base, unit, rate, "power_factor", why)


def factor_of(kwh: Decimal, kvarh: Decimal) -> Decimal | None:
    """P / sqrt(P^2 + Q^2) to two decimals, half up, found in whole numbers: no root is rounded before."""
    active, reactive = int(kwh.scaleb(MICRO)), int(kvarh.scaleb(MICRO))
    apparent = active**2 + reactive**2
    if not apparent:
        return None
    half_points = isqrt(40_000 * active**2 // apparent)
    return Decimal((half_points + 1) // 2).scaleb(-2)


def _known(number: Decimal | None, path: str) -> Decimal:
    if number is None:
        raise UseInvalid([Fault(path, "fact_missing")])
    return number
