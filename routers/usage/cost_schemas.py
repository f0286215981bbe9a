"""What the JSON API says of what usage costs."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from pydantic import ConfigDict
from pydantic.config import JsonDict

from core.periods import Period
from routers.usage.schemas import Exact
from services.usage.queries import views
from web.models import Amount, AnswerModel, Moment

YUAN: Final[JsonDict] = {"amount_minor": 12860, "currency": "CNY"}
LINE: Final[JsonDict] = {
    "code": "energy_peak",
    "quantity": "71.218",
    "unit": "kWh",
    "rate": "0.99500875",
    "amount": "70.86",
}
EXAMPLE: Final[JsonDict] = {
    "running": {
        "first": "2026-11-01",
        "end": "2026-12-01",
        "known_until": "2026-11-26",
        "kwh": "230.401",
        "total": YUAN,
        "in_other_currencies": [],
        "parts": [
            {
                "tariff_code": "RES-TOU",
                "version_no": 3,
                "first": "2026-11-01",
                "end": "2026-11-27",
                "lines": [LINE],
                "total": YUAN,
            }
        ],
        "by_period": [{"period": "peak", "kwh": "71.218", "cost": YUAN}],
        "unpriced_days": 0,
        "missing_days": 1,
        "price_gaps": [],
        "forecast": {"low": YUAN, "middle": YUAN, "high": YUAN, "kwh": "266.3", "days_seen": 25, "is_wide": False},
        "tariff_changes_on": None,
    },
    "tiers": {
        "first": "2026-11-01",
        "end": "2026-12-01",
        "months_in_cycle": 1,
        "has_extra": False,
        "used": "230.401",
        "known_until": "2026-11-26",
        "rungs": [{"tier": 1, "above_kwh": "0", "upto_kwh": "260", "prices": {"peak": "1.01820875"}}],
        "current": 1,
        "left": "29.599",
    },
    "now": {
        "period": "valley",
        "price": "0.25234475",
        "until": "2026-11-27T08:00:00+08:00",
        "next_period": "flat",
        "next_price": "0.61206875",
        "slots": [],
    },
}


DAYS_EXAMPLE: Final[JsonDict] = {
    "first": "2026-11-01",
    "end": "2026-12-01",
    "total": YUAN,
    "days": [{"day": "2026-11-01", "kwh": "230.401", "cost": YUAN}],
}


class CostLine(AnswerModel):
    """`quantity` of `unit` at `rate` (null: each interval has its own) comes to `amount`, in major units, exactly."""

    code: str
    quantity: Exact
    unit: str
    rate: Exact | None
    amount: Exact


class CostPart(AnswerModel):
    """A part of the running bill on one version of a tariff, from `first` up to, not including, `end`."""

    tariff_code: str
    version_no: int
    first: date
    end: date
    lines: list[CostLine]
    total: Amount


class PeriodCost(AnswerModel):
    """What the kWh of one price period cost, with their share of tiers and of what comes to each kWh."""

    period: str
    kwh: Exact
    cost: Amount


class CostForecast(AnswerModel):
    """What the bill will come to: the middle, and a range that held in eight of ten times before."""

    low: Amount
    middle: Amount
    high: Amount
    kwh: Exact
    days_seen: int
    is_wide: bool


class PriceGap(AnswerModel):
    """Time of which no price is known."""

    begin: Moment
    end: Moment


class RunningCost(AnswerModel):
    """What has come together for the bill that ends before `end`, from readings through `known_until`.

    `price_gaps`: time with use whose intervals have no price yet; its part of the bill is not in `total`.
    `tariff_changes_on`: a day before `end` that readings have not reached; until they have there is no `forecast`.
    `in_other_currencies`: where the tariff changed to one of another currency, `total`, `by_period` and `forecast` are
    in the latest, and this is what the other parts come to. A month that is read to its end has no `forecast`.
    """

    first: date
    end: date
    known_until: date | None
    kwh: Exact
    total: Amount
    in_other_currencies: list[Amount]
    parts: list[CostPart]
    by_period: list[PeriodCost]
    unpriced_days: int
    missing_days: int
    price_gaps: list[PriceGap]
    forecast: CostForecast | None
    tariff_changes_on: date | None

    @classmethod
    def of(cls, cost: views.RunningCost) -> "RunningCost":
        """The running bill as JSON."""
        return cls(
            first=cost.first,
            end=cost.end,
            known_until=cost.known_until,
            kwh=cost.kwh,
            total=Amount.of(cost.total),
            in_other_currencies=[Amount.of(each) for each in cost.in_other_currencies],
            parts=[_part(each) for each in cost.parts],
            by_period=[
                PeriodCost(period=each.period, kwh=each.kwh, cost=Amount.of(each.cost)) for each in cost.by_period
            ],
            unpriced_days=cost.unpriced_days,
            missing_days=cost.missing_days,
            price_gaps=[PriceGap(begin=each.begin, end=each.end) for each in cost.price_gaps],
            forecast=None if cost.forecast is None else _forecast(cost.forecast),
            tariff_changes_on=cost.changes_on,
        )


def _part(part: views.RunningPart) -> CostPart:
    lines = [
        CostLine(code=line.code, quantity=line.quantity, unit=line.unit, rate=line.rate, amount=line.amount)
        for line in part.lines
    ]
    return CostPart(
        tariff_code=part.tariff_code,
        version_no=part.version_no,
        first=part.first,
        end=part.end,
        lines=lines,
        total=Amount.of(part.total),
    )


def _forecast(found: views.Forecast) -> CostForecast:
    return CostForecast(
        low=Amount.of(found.low),
        middle=Amount.of(found.middle),
        high=Amount.of(found.high),
        kwh=found.kwh,
        days_seen=found.days_seen,
        is_wide=found.is_wide,
    )


class LadderRung(AnswerModel):
    """A tier, and what a kWh in it costs by period with all that comes to each kWh, before tax."""

    tier: int
    above_kwh: Exact
    upto_kwh: Exact | None
    prices: dict[str, Exact]


class TierLadder(AnswerModel):
    """Where the account stands in the tiers of its cycle; `left` is what is left of the current one."""

    first: date
    end: date
    months_in_cycle: int
    has_extra: bool
    used: Exact
    known_until: date | None
    rungs: list[LadderRung]
    current: int
    left: Exact | None

    @classmethod
    def of(cls, found: views.TierPosition) -> "TierLadder":
        """The ladder as JSON."""
        return cls(
            first=found.first,
            end=found.end,
            months_in_cycle=found.months_in_cycle,
            has_extra=found.has_extra,
            used=found.used,
            known_until=found.known_until,
            rungs=[
                LadderRung(tier=each.number, above_kwh=each.above, upto_kwh=each.upto, prices=dict(each.prices))
                for each in found.rungs
            ],
            current=found.current,
            left=found.left,
        )


class SlotPrice(AnswerModel):
    """What a kWh costs from `begin` up to `end`, before tax."""

    begin: Moment
    end: Moment
    price: Exact


class PriceNow(AnswerModel):
    """What the next kWh costs, until when, and what one costs then; before tax.

    Null `until`, `next_period` and `next_price`: no other price is foreseen. `slots`: of a tariff by which each
    interval has its own price, the present one and those of the next 24 hours as far as they are known; else none.
    """

    period: str
    price: Exact
    until: Moment | None
    next_period: str | None
    next_price: Exact | None
    slots: list[SlotPrice]

    @classmethod
    def of(cls, found: views.PriceNow) -> "PriceNow":
        """The price as JSON."""
        return cls(
            period=found.period,
            price=found.price,
            until=found.until,
            next_period=found.next_period,
            next_price=found.next_price,
            slots=[SlotPrice(begin=each.begin, end=each.end, price=each.price) for each in found.slots],
        )


class UsageCost(AnswerModel):
    """The running bill with its forecast, the tiers, and the price of this moment; null where no tariff is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    running: RunningCost | None
    tiers: TierLadder | None
    now: PriceNow | None


class DayCost(AnswerModel):
    """What one day that was read cost: what the bill is through it less what it was through the day before."""

    day: date
    kwh: Exact
    cost: Amount


class UsageCostDays(AnswerModel):
    """The days of a month whose cost is known, and what they come to: of the running month its cost so far.

    Charges by the month are in the first. What days that were not read cost anyhow is with the next that was. `total`
    is null without any such day, and where they are not of one currency.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [DAYS_EXAMPLE]})

    first: date
    end: date
    total: Amount | None
    days: list[DayCost]

    @classmethod
    def of(cls, month: Period, days: Sequence[views.DayCost]) -> "UsageCostDays":
        """The days as JSON."""
        total = views.total_of(days)
        return cls(
            first=month.first,
            end=month.end,
            total=None if total is None else Amount.of(total),
            days=[DayCost(day=each.day, kwh=each.kwh, cost=Amount.of(each.cost)) for each in days],
        )
