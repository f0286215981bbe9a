"""What the JSON API says of bills."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from web.models import Amount, AnswerModel

Exact = Annotated[Decimal, Field(description="An exact decimal number as text.")]


class Bill(AnswerModel):
    """A bill in a list. The period is half-open: `period_end` is the first day after it."""

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

    lines: list[BillLine]


class BillPage(AnswerModel):
    """Bills, newest first; `next` is the cursor of the page of earlier ones and null on the last."""

    items: list[Bill]
    next: str | None
