"""What the JSON API says to programs of the supplier."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from core.intake import Pushed
from services.payments.ports import Method
from web.models import Amount, AnswerModel, Moment
from web.row_faults import fault

FACT_EXAMPLE: JsonDict = {
    "id": "0199c0de-7a11-7c3e-9f00-3f5f0d7c2a10",
    "kind": "booked",
    "account_no": "3201000001",
    "amount": {"amount_minor": 12860, "currency": "CNY"},
    "provider": "wechat_pay",
    "provider_transaction": "4200001234202611246789012345",
    "payment_no": "7Q2M9XK4D0C8VT1B",
    "method": "wechat_native",
    "settled": [{"kind": "bill", "no": "2026103201000001", "amount_minor": 12860}],
    "effective_at": "2026-11-24T08:03:11+00:00",
    "recorded_at": "2026-11-24T08:03:12.104711+00:00",
}


class RejectedField(AnswerModel):
    """Why a row was not taken: its place among those sent, beginning at one, the field, and what is expected of it.

    `code` stays when the words of `reason` change: those of files, docs/reference/import-formats.md lists them.
    """

    row: int
    field: str
    code: str
    reason: str


class PushResult(AnswerModel):
    """What came of the rows: all are taken but those that are listed, as often as they have faults."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "rows": 2,
                    "taken": 1,
                    "rejected": [
                        {"row": 2, "field": "unit_code", "code": "unit_unknown", "reason": "is no known unit"}
                    ],
                }
            ]
        },
    )

    rows: int
    taken: int
    rejected: list[RejectedField]

    @classmethod
    def of(cls, pushed: Pushed) -> "PushResult":
        """The answer of a push."""
        return cls(
            rows=pushed.rows,
            taken=pushed.rows - len({each.row_no for each in pushed.rejects}),
            rejected=[
                RejectedField(row=each.row_no, field=each.field, code=fault(each.reason).code, reason=each.reason)
                for each in pushed.rejects
            ],
        )


class SettledShare(AnswerModel):
    """What of the amount a bill took."""

    kind: str
    no: str
    amount_minor: int


class PaymentFact(AnswerModel):
    """One part of a payment, or one sum in suspense, as it moved.

    `booked`: money came in for an account. `suspended`: money came in and has no place yet; `account_no` is that for
    which it was meant, if any. `assigned`: suspended money got its account; nothing came in. `unassigned`: it was taken
    back out of it, amount and `settled` are negative. `returned`: it was sent back to its payer, the amount is
    negative. `return_failed`: its provider would not, and it waits again.

    What `settled` does not take off bills is the account's prepaid balance.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [FACT_EXAMPLE]})

    id: UUID
    kind: Literal["booked", "suspended", "assigned", "unassigned", "returned", "return_failed"]
    account_no: str | None
    amount: Amount
    provider: str
    provider_transaction: str
    payment_no: str | None
    method: Method | None
    settled: list[SettledShare]
    effective_at: Moment = Field(description="When the provider took the money, RFC 3339 with offset")
    recorded_at: Moment = Field(description="When the books took it, RFC 3339 with offset")


class PaymentFactPage(AnswerModel):
    """A page of the feed. `next` is the place behind it, whether there is more now or not."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"items": [FACT_EXAMPLE], "next": "q83vEjRWeJq83vEjWzEyM10", "has_more": False}]
        },
    )

    items: list[PaymentFact]
    next: str
    has_more: bool


class OfficeAccount(AnswerModel):
    """An account for the back office. From `native_from` on it is billed here; an `external` one is billed outside."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "account_no": "3201000001",
                    "unit_code": "JD0101",
                    "class": "residential",
                    "state": "active",
                    "due": {"amount_minor": 12860, "currency": "CNY"},
                    "prepaid": {"amount_minor": 0, "currency": "CNY"},
                    "billing": "native",
                    "native_from": "2027-01-01",
                }
            ]
        },
    )

    account_no: str
    unit_code: str
    account_class: Literal["residential", "commercial", "industrial", "agricultural"] = Field(alias="class")
    state: Literal["active", "suspended", "closed"]
    due: Amount
    prepaid: Amount
    billing: Literal["external", "native"]
    native_from: date | None
