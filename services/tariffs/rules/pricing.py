"""From a use to the lines of a bill. The groups come in the order of `price`: each may stand on those before it."""

from collections.abc import Collection, Mapping
from decimal import Decimal, localcontext
from typing import Final

from core.errors import Json
from core.money import exponent
from services.tariffs.rules import demand
from services.tariffs.rules.bill import Bill, quantity_of_days, share_of_days
from services.tariffs.rules.document import GROUPS, Credit, Energy, Export, Fixed, Minimum, PerKwh, Tax
from services.tariffs.rules.numbers import EXACT, minor_of, plain
from services.tariffs.rules.tariff import ZERO, Tariff, Tier
from services.tariffs.rules.use import Priced, Use, check

MICRO: Final = 6


def price(tariff: Tariff, use: Use) -> Priced:
    """What this use costs by this tariff: lines in a fixed order, and the total in minor units.

    Exact to the last digit up to the tariff's one rounding. Lines of nothing are left out. Raises UseInvalid for a use
    that the tariff cannot price, with every reason.
    """
    with localcontext(EXACT):
        check(tariff, use)
        document, bill = tariff.document, Bill(tariff, use)
        energy = document.energy
        if energy is not None:
            _energy(bill, energy)
        for part in document.per_kwh:
            _per_kwh(bill, part)
        demand.two_part(bill)
        demand.charges(bill)
        if document.power_factor is not None:
            demand.power_factor(bill, document.power_factor)
        for fixed in document.fixed:
            _fixed(bill, fixed)
        if document.export is not None:
            _export(bill, document.export)
        for credit in document.credits:
            _credit(bill, credit)
        if document.minimum is not None:
            _minimum(bill, document.minimum)
        return _closed(bill)


def _energy(bill: Bill, energy: Energy) -> None:
    if energy.lines == "slots":
        _slots(bill)
        return
    use = bill.use
    ladder = bill.tariff.ladder(month=use.month, months_in_cycle=use.months_in_cycle, persons=use.facts.persons)
    if energy.lines == "per_tier":
        _per_tier(bill, ladder)
        return
    for period, rate in bill.tariff.prices.items():
        kwh = use.kwh.get(period, ZERO)
        bill.add("energy", f"energy_{period}", kwh, "kWh", rate, "period", {"period": period})
    tiers = bill.tariff.document.tiers
    if tiers is not None and tiers.adders_by_period is not None:
        _adders_by_period(bill, ladder, tiers.adders_by_period)
        return
    for tier, kwh in _spread(bill, ladder):
        if tier.adder:
            bill.add("energy", f"tier{tier.number}_adder", kwh, "kWh", tier.adder, "tier_adder", tier.facts)


def _per_tier(bill: Bill, ladder: tuple[Tier, ...]) -> None:
    use, tariff = bill.use, bill.tariff
    period = next((name for name, kwh in use.kwh.items() if kwh), tariff.periods[0])
    base = tariff.prices[period]
    if not ladder:
        bill.add("energy", "energy", bill.kwh, "kWh", base, "period", {"period": period})
    for tier, kwh in _spread(bill, ladder):
        facts = {**tier.facts, "period": period, "price": plain(base)}
        bill.add("energy", f"tier{tier.number}", kwh, "kWh", base + tier.adder, "tier", facts)


def _spread(bill: Bill, ladder: tuple[Tier, ...]) -> list[tuple[Tier, Decimal]]:
    """The tiers that this use reaches, each with its kWh: what was billed before in the cycle lies below."""
    begin = bill.use.kwh_before_in_cycle
    end = begin + bill.kwh
    found = []
    for tier in ladder:
        low = max(begin, tier.above)
        high = end if tier.upto is None or end < tier.upto else tier.upto
        if high > low:
            found.append((tier, high - low))
    return found


def _adders_by_period(bill: Bill, ladder: tuple[Tier, ...], adders: Mapping[str, tuple[Decimal, ...]]) -> None:
    """Each tier's kWh are shared out over the periods as the month's are: to a millionth, and adding up."""
    whole = _micro(bill.kwh)
    used = [(period, _micro(bill.use.kwh.get(period, ZERO))) for period in bill.tariff.periods]
    for tier, kwh in _spread(bill, ladder):
        mine, reached, given = _micro(kwh), 0, 0
        for period, part in used:
            reached += part
            upto = (2 * mine * reached + whole) // (2 * whole)
            share, given = Decimal(upto - given).scaleb(-MICRO), upto
            rate = adders[period][tier.number - 1]
            if rate:
                facts = {**tier.facts, "adder": plain(rate), "period": period}
                code = f"tier{tier.number}_adder_{period}"
                bill.add("energy", code, share, "kWh", rate, "tier_adder_of_period", facts)


def _micro(kwh: Decimal) -> int:
    return int(kwh.scaleb(MICRO))


def _slots(bill: Bill) -> None:
    places = exponent(bill.tariff.currency)
    cost, count = sum(((slot.kwh * slot.rate_minor) for slot in bill.use.slots), ZERO), len(bill.use.slots)
    if (added := bill.use.slot_sum) is not None:
        cost, count = added.cost_minor, added.slots
    if bill.kwh:
        bill.put("energy", "energy", bill.kwh, "kWh", None, cost.scaleb(-places), "slots", {"slots": count})


def _per_kwh(bill: Bill, part: PerKwh) -> None:
    bill.add("surcharges", part.code, bill.kwh, "kWh", part.rate, "per_kwh", {})


def _fixed(bill: Bill, fixed: Fixed) -> None:
    facts: dict[str, Json] = {"per": fixed.per, "part_month": fixed.part_month}
    quantity = quantity_of_days(bill.use, fixed.per, is_share=fixed.part_month == "by_days")
    bill.add("fixed", fixed.code, quantity, fixed.per, fixed.amount, "fixed", facts)


def _export(bill: Bill, export: Export) -> None:
    bill.add("export", export.code, bill.use.export_kwh, "kWh", -export.price, "export", {})


def _credit(bill: Bill, credit: Credit) -> None:
    if credit.flag in bill.use.facts.flags:
        most = share_of_days(bill.use, credit.kwh) if credit.part_month == "by_days" else credit.kwh
        facts: dict[str, Json] = {"flag": credit.flag, "most": plain(most)}
        bill.add("credits", credit.code, min(most, bill.kwh), "kWh", -credit.rate, "credit", facts)


def _minimum(bill: Bill, minimum: Minimum) -> None:
    quantity = quantity_of_days(bill.use, minimum.per, is_share=minimum.part_month == "by_days")
    least, reached = minimum.amount * quantity, bill.sum_of(GROUPS)
    if reached < least:
        facts: dict[str, Json] = {"per": minimum.per, "least": plain(least), "reached": plain(reached)}
        missing = least - reached
        bill.add("minimum", minimum.code, Decimal(1), "bill", missing, "minimum", facts)


def _closed(bill: Bill) -> Priced:
    """Round the net, put the taxes on it, and count in minor units."""
    tariff, document = bill.tariff, bill.tariff.document
    total = tariff.round(bill.sum_of(GROUPS))
    for tax in (document.tax, *document.taxes) if document.tax is not None else document.taxes:
        total += _tax(bill, tax)
    return Priced(tuple(bill.lines), minor_of(total, tariff.currency), tariff.currency, bill.measured)


def _tax(bill: Bill, tax: Tax) -> Decimal:
    groups: Collection[str] = tax.base or GROUPS
    base = bill.tariff.round(bill.sum_of(groups))
    amount = bill.tariff.round(base * tax.rate)
    if base:
        bill.put("tax", tax.code, base, "major", tax.rate, amount, "tax", {"base": [*groups]})
    return amount
