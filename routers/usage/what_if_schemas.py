"""What the JSON API says of a year under other tariffs."""

from datetime import date
from typing import Final

from pydantic import ConfigDict
from pydantic.config import JsonDict

from routers.usage.schemas import Exact, UsageGap
from services.usage.queries import views
from web.models import Amount, AnswerModel

YUAN: Final[JsonDict] = {"amount_minor": 154321, "currency": "CNY"}
YEAR: Final[JsonDict] = {
    "first": "2025-11-01",
    "end": "2026-11-01",
    "months_compared": 12,
    "offers": [
        {
            "tariff_code": "RES-TOU",
            "name": "Residential, time of use",
            "is_present": True,
            "months": [{"month": "2025-11-01", "kwh": "241.9", "days_known": 30, "days": 30, "cost": YUAN}],
            "total": YUAN,
        }
    ],
    "gaps": [],
}


class OfferMonth(AnswerModel):
    """One month under a tariff; `cost` is null where it has no price. Of its `days` so many are known whole."""

    month: date
    kwh: Exact
    days_known: int
    days: int
    cost: Amount | None


class TariffOffer(AnswerModel):
    """The months under one tariff. The `total` is over the months that every offer prices, so that totals compare."""

    tariff_code: str
    name: str
    is_present: bool
    months: list[OfferMonth]
    total: Amount


class TariffComparison(AnswerModel):
    """What the same use would have cost from `first` up to, not including, `end`; what was not read is in no sum."""

    model_config = ConfigDict(json_schema_extra={"examples": [YEAR]})

    first: date
    end: date
    months_compared: int
    offers: list[TariffOffer]
    gaps: list[UsageGap]

    @classmethod
    def of(cls, found: views.WhatIf) -> "TariffComparison":
        """The comparison as JSON."""
        return cls(
            first=found.first,
            end=found.end,
            months_compared=found.months_compared,
            offers=[_offer(each) for each in found.offers],
            gaps=[UsageGap(begin=gap.begin, end=gap.end) for gap in found.gaps],
        )


class WhatIf(AnswerModel):
    """The comparison; null where fewer than three of the twelve months have readings."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comparison": YEAR}]})

    comparison: TariffComparison | None


def _offer(offer: views.Offer) -> TariffOffer:
    months = [
        OfferMonth(
            month=each.month,
            kwh=each.kwh,
            days_known=each.days_known,
            days=each.days,
            cost=None if each.cost is None else Amount.of(each.cost),
        )
        for each in offer.months
    ]
    return TariffOffer(
        tariff_code=offer.tariff_code,
        name=offer.name,
        is_present=offer.is_present,
        months=months,
        total=Amount.of(offer.total),
    )
