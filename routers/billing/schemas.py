"""What the JSON API says of bills."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from web.models import Amount, AnswerModel

Exact = Annotated[Decimal, Field(description="An exact decimal number as text.")]

BILL_EXAMPLE: JsonDict = {
    "bill_no": "B202610-000001",
    "period_first": "2026-10-01",
    "period_end": "2026-11-01",
    "issue_date": "2026-11-03",
    "due_date": "2026-11-25",
    "energy_kwh": "230.500",
    "amount": {"amount_minor": 12860, "currency": "CNY"},
    "open": {"amount_minor": 12860, "currency": "CNY"},
    "state": "issued",
}
LINES_EXAMPLE: list[JsonDict] = [
    {
        "code": "energy",
        "quantity": "230.500",
        "unit": "kWh",
        "unit_price": "0.54690000",
        "amount": {"amount_minor": 12606, "currency": "CNY"},
    },
    {
        "code": "funds.renewable_energy",
        "quantity": None,
        "unit": None,
        "unit_price": None,
        "amount": {"amount_minor": 254, "currency": "CNY"},
    },
]


class Bill(AnswerModel):
    """A bill in a list. The period is half-open: `period_end` is the first day after it."""

    model_config = ConfigDict(json_schema_extra={"examples": [BILL_EXAMPLE]})

    bill_no: str
    period_first: date
    period_end: date
    issue_date: date
    due_date: date
    energy_kwh: Exact
    amount: Amount
    open: Amount
    state: Literal["issued", "settled", "cancelled"]


class BillLine(AnswerModel):
    """One item of a bill; quantity and unit go together."""

    code: str
    quantity: Exact | None
    unit: str | None
    unit_price: Exact | None
    amount: Amount


class BillDetail(Bill):
    """A bill with what it is made of; the lines add up to the amount."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**BILL_EXAMPLE, "lines": [*LINES_EXAMPLE]}]})

    lines: list[BillLine]


class BillPage(AnswerModel):
    """Bills, newest first; `next` is the cursor of the page of earlier ones and null on the last."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [BILL_EXAMPLE], "next": None}]})

    items: list[Bill]
    next: str | None
