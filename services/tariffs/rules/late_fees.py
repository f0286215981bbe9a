"""Interest for what was paid late: simple, by the day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.rules.numbers import DECIMALS, EXACT, decimals, minor_of
from services.tariffs.rules.tariff import ZERO, Tariff
from services.tariffs.rules.use import is_amount


@dataclass(frozen=True, slots=True)
class LateFee:
    """Days by their daily rate, the exact interest in major units before minimum and rounding, and what is charged."""

    days_by_rate: Mapping[Decimal, int]
    exact: Decimal
    total_minor: int
    currency: str


def late_fee(tariff: Tariff, *, arrears: Decimal, due: date, paid: date) -> LateFee:
    """The fee for `arrears` (major units) from the day after `due` through `paid`.

    Days of a later year than that of `due` may have a rate of their own. A minimum counts from the first day on, a cap
    is a share of the arrears. Raises UseInvalid when the tariff has no late fee, or the arrears are none.
    """
    rule = tariff.document.late_fee
    if rule is None:
        raise UseInvalid([Fault("$.late_fee", "field_missing")])
    if not is_amount(arrears) or decimals(arrears) > DECIMALS:
        raise UseInvalid([Fault("$.arrears", "number_out_of_range")])
    days = max(0, (paid - due).days)
    late = max(0, (paid - max(due, date(due.year, 12, 31))).days)
    by_rate: dict[Decimal, int] = {}
    for rate, count in (
        (rule.rate, days - late),
        (rule.rate if rule.rate_prev_year is None else rule.rate_prev_year, late),
    ):
        if count:
            by_rate[rate] = by_rate.get(rate, 0) + count
    with localcontext(EXACT):
        exact = sum((arrears * rate * count for rate, count in by_rate.items()), ZERO)
        charged = exact
        if days and rule.cap_ratio is not None:
            charged = min(charged, arrears * rule.cap_ratio)
        charged = tariff.round(charged)
        if days and arrears and rule.minimum is not None:
            charged = max(charged, tariff.round(rule.minimum))
        return LateFee(by_rate, exact, minor_of(charged, tariff.currency), tariff.currency)
