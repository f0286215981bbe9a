"""What the JSON API says of an account's tariff."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.accounts.queries.agreements import AgreementView
from services.tariffs.queries import dump
from web.models import AnswerModel, Moment
from web.plans import Plan, Prices, Stay, now_of

Exact = Annotated[Decimal, Field(description="An exact decimal number as text.")]

AGREEMENT: Final[JsonDict] = {
    "tariff_code": "RES-TOU",
    "is_prepaid": False,
    "valid_from": "2024-01-01",
    "valid_to": None,
}
STAY: Final[JsonDict] = {
    "period": "valley",
    "begins": "2026-11-25T16:00:00Z",
    "ends": "2026-11-26T00:00:00Z",
}
EXAMPLE: Final[JsonDict] = {
    "agreement": AGREEMENT,
    "plan": {
        "name": "Residential, time of use",
        "currency": "CNY",
        "version_no": 3,
        "valid_from": "2026-01-01",
        "valid_to": None,
        "month": "2026-11-01",
        "tiers": [
            {"tier": 1, "above_kwh": "0", "upto_kwh": "200", "adder": "0"},
            {"tier": 2, "above_kwh": "200", "upto_kwh": None, "adder": "0.05"},
        ],
        "prices": [
            {"period": "peak", "energy": "0.60", "adders": ["0", "0.05"], "costs": ["0.62", "0.67"]},
            {"period": "valley", "energy": "0.30", "adders": ["0", "0.05"], "costs": ["0.32", "0.37"]},
        ],
        "surcharges": [{"code": "fund_renewable", "rate": "0.02"}],
        "today": [STAY],
        "now": {**STAY, "costs": ["0.32", "0.37"]},
        "document": {"id": "res-tou", "currency": "CNY", "energy": {"lines": "period_plus_adders"}},
    },
    "agreements": [AGREEMENT],
}


class Agreement(AnswerModel):
    """A tariff from one day up to, not including, another; null: until told otherwise."""

    tariff_code: str
    is_prepaid: bool
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, found: AgreementView) -> "Agreement":
        """The agreement of a view."""
        return cls(
            tariff_code=found.tariff_code,
            is_prepaid=found.is_prepaid,
            valid_from=found.valid_from,
            valid_to=found.valid_to,
        )


class PlanTier(AnswerModel):
    """A tier of the month: use above `above_kwh` up to and with `upto_kwh` (null: without end) costs `adder` more."""

    tier: int
    above_kwh: Exact
    upto_kwh: Exact | None
    adder: Exact


class PlanPrice(AnswerModel):
    """A price period: the price of the energy, what each tier adds, and what a kWh then costs with all surcharges.

    In major units a kWh, taxes and charges on demand apart. Without tiers both lists have one element.
    """

    period: str
    energy: Exact
    adders: list[Exact]
    costs: list[Exact]


class Surcharge(AnswerModel):
    """What comes to each kWh in every period and tier alike."""

    code: str
    rate: Exact


class PlanStay(AnswerModel):
    """A price period of today, with the moments at which it begins and ends."""

    period: str
    begins: Moment
    ends: Moment

    @classmethod
    def of(cls, stay: Stay) -> "PlanStay":
        """The stay as JSON."""
        return cls(period=stay.period, begins=stay.begins, ends=stay.ends)


class PlanNow(PlanStay):
    """The price period that holds now, and what a kWh costs in it by tier."""

    costs: list[Exact]


class PlanOfAccount(AnswerModel):
    """The published version of the tariff that holds today: in numbers, and as the document that bills stand on."""

    name: str
    currency: str
    version_no: int
    valid_from: date
    valid_to: date | None
    month: date
    tiers: list[PlanTier]
    prices: list[PlanPrice]
    surcharges: list[Surcharge]
    today: list[PlanStay]
    now: PlanNow | None
    document: dict[str, Any]

    @classmethod
    def of(cls, plan: Plan, prices: Prices, *, month: date, now: datetime) -> "PlanOfAccount":
        """The plan as JSON."""
        stay = now_of(plan.stays, now)
        costs = next((each.costs for each in prices.periods if stay is not None and each.period == stay.period), ())
        return cls(
            name=plan.name,
            currency=plan.tariff.currency,
            version_no=plan.version.version_no,
            valid_from=plan.version.valid_from,
            valid_to=plan.version.valid_to,
            month=month,
            tiers=[
                PlanTier(tier=each.number, above_kwh=each.above, upto_kwh=each.upto, adder=each.adder)
                for each in prices.tiers
            ],
            prices=[
                PlanPrice(period=each.period, energy=each.price, adders=list(each.adders), costs=list(each.costs))
                for each in prices.periods
            ],
            surcharges=[Surcharge(code=each.code, rate=each.rate) for each in plan.tariff.document.per_kwh],
            today=[PlanStay.of(each) for each in plan.stays],
            now=None
            if stay is None
            else PlanNow(period=stay.period, begins=stay.begins, ends=stay.ends, costs=list(costs)),
            document=dump(plan.tariff),
        )


class TariffOfAccount(AnswerModel):
    """What is agreed, what it says today (null where no prices are published), and what was agreed before."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    agreement: Agreement | None
    plan: PlanOfAccount | None
    agreements: list[Agreement]

    @classmethod
    def of(
        cls, agreement: AgreementView | None, plan: PlanOfAccount | None, history: Sequence[AgreementView]
    ) -> "TariffOfAccount":
        """The whole answer."""
        return cls(
            agreement=None if agreement is None else Agreement.of(agreement),
            plan=plan,
            agreements=[Agreement.of(each) for each in history],
        )
