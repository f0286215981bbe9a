"""What the JSON API says of payments."""

from datetime import datetime
from typing import Annotated, Literal, Self
from urllib.parse import quote as escaped
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.config import JsonDict

from core.money import Money
from services.payments.flows import Started
from services.payments.operations import Quote
from services.payments.ports import Method
from services.payments.queries import PartView, PaymentView, ReceivedView, SuspendedView
from web import qr
from web.models import AccountNo, Amount, AmountMinor, AnswerModel, AppId, RequestModel, Text, WechatCode

PaymentNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{16,24}$")]
BillNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,32}$")]
BillNos = Annotated[list[BillNo], Field(min_length=1, max_length=50)]
MethodName = Literal["wechat_native", "wechat_h5", "wechat_jsapi", "wechat_app"]
State = Literal["waiting", "unknown", "paid", "suspended", "closed", "failed"]
PAYMENT_EXAMPLE: JsonDict = {
    "payment_no": "7Q2M9XK4D0C8VT1B",
    "state": "waiting",
    "is_final": False,
    "account_no": "3701000001",
    "amount": {"amount_minor": 12860, "currency": "CNY"},
    "provider": "wechat_pay",
    "method": "wechat_native",
    "created_at": "2026-11-24T08:00:00+00:00",
    "expires_at": "2026-11-24T08:30:00+00:00",
    "paid_at": None,
    "provider_reference": None,
    "parts": [
        {
            "account_no": "3701000001",
            "kind": "bill",
            "no": "B202610-000001",
            "amount_minor": 12860,
            "taken_minor": None,
            "outcome": "open",
        },
    ],
    "suspense": [],
    "also_received": [],
}


class WechatPayer(RequestModel):
    """Who pays inside WeChat: `wechat_jsapi` needs to know it of the application in which the payer is.

    By a fresh `code` (`wx.login`, or a page's OAuth), or without one by the WeChat that the caller signs in by.
    """

    appid: AppId
    code: WechatCode | None = None


class PaymentRequest(RequestModel):
    """What to pay: for an account that you may pay for, or by a quote for somebody else's.

    Without `bill_nos` the oldest bills come first; what is left becomes prepaid balance.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"account_no": "3701000001", "amount_minor": 12860, "method": "wechat_native"}],
        }
    )

    account_no: AccountNo | None = None
    account_nos: Annotated[
        list[AccountNo] | None,
        Field(
            min_length=2,
            max_length=50,
            description="Together all that is due of these accounts; `amount_minor` is the sum that you saw.",
        ),
    ] = None
    group_id: Annotated[
        UUID | None,
        Field(description="Together all that is due of a group of yours; `amount_minor` is the sum that you saw."),
    ] = None
    quote_id: UUID | None = None
    amount_minor: AmountMinor
    bill_nos: BillNos | None = None
    method: MethodName
    wechat: WechatPayer | None = None
    return_url: Annotated[str, StringConstraints(pattern=r"^/([0-9A-Za-z_~-][0-9A-Za-z/_~.-]{0,200})?$")] | None = (
        Field(default=None, description="Path on this site that `wechat_h5` comes back to.")
    )

    @field_validator("quote_id", "group_id", mode="before")
    @classmethod
    def _parse(cls, value: object) -> object:
        return UUID(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if [self.account_no, self.account_nos, self.group_id, self.quote_id].count(None) != 3:  # noqa: PLR2004 -- all but one
            raise ValueError("either account_no, account_nos, group_id or quote_id")
        if self.account_nos is not None and len(set(self.account_nos)) != len(self.account_nos):
            raise ValueError("account_nos differ")
        if self.bill_nos is not None and (self.account_nos is not None or self.group_id is not None):
            raise ValueError("account_nos and group_id go without bill_nos")
        return self


class AttemptRequest(RequestModel):
    """Another try; what is left out stays as it was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"method": "wechat_h5"}]})

    amount_minor: AmountMinor | None = None
    bill_nos: BillNos | None = None
    method: MethodName | None = None
    wechat: WechatPayer | None = None
    return_url: Annotated[str, StringConstraints(pattern=r"^/([0-9A-Za-z_~-][0-9A-Za-z/_~.-]{0,200})?$")] | None = None


class Part(AnswerModel):
    """A share of a payment: of a bill, or of the prepaid balance."""

    account_no: str
    kind: str
    no: str | None
    amount_minor: int
    taken_minor: int | None
    outcome: Literal["open", "booked", "suspended"]

    @classmethod
    def of(cls, view: PartView) -> "Part":
        """The answer for a view."""
        return cls.model_validate(
            {
                "account_no": view.account_no,
                "kind": view.kind,
                "no": view.no,
                "amount_minor": view.amount.minor,
                "taken_minor": None if view.taken is None else view.taken.minor,
                "outcome": view.outcome,
            }
        )


class Received(AnswerModel):
    """Another sum that came for the same payment.

    `booked`: `parts` say what it went to; what they did not take became prepaid balance. `suspended`: staff assign it.
    `returned`: it goes back to whoever paid it. `parts` is empty for who pays by quote, and for a sum that is not
    divided.
    """

    amount: Amount
    paid_at: datetime
    provider_reference: str
    outcome: Literal["booked", "suspended", "returned"]
    parts: list[Part]

    @classmethod
    def of(cls, view: ReceivedView) -> "Received":
        """The answer for a view."""
        return cls.model_validate(
            {
                "amount": Amount.of(view.amount),
                "paid_at": view.paid_at,
                "provider_reference": view.provider_reference,
                "outcome": view.outcome,
                "parts": [Part.of(part) for part in view.parts],
            }
        )


class Suspended(AnswerModel):
    """What of a payment came without a place, and what staff decided about it at `decided_at`.

    `suspended`: nothing yet. `booked`: it was given to an account, `account_no` where the payer may see that.
    `returned`: it goes back to whoever paid it. `no` is the bill that it came for, null for a sum that is not divided.
    """

    amount: Amount
    outcome: Literal["suspended", "booked", "returned"]
    decided_at: datetime | None
    account_no: str | None
    no: str | None

    @classmethod
    def of(cls, view: SuspendedView) -> "Suspended":
        """The answer for a view."""
        return cls.model_validate(
            {
                "amount": Amount.of(view.amount),
                "outcome": view.outcome,
                "decided_at": view.decided_at,
                "account_no": view.account_no,
                "no": view.no,
            }
        )


class Payment(AnswerModel):
    """A payment. `unknown`: the result is being checked, do not pay twice. `suspended`: received, staff decide.

    What they decided is in `suspense`. When more than one try was paid, the first sum is shown, and the others are in
    `also_received`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PAYMENT_EXAMPLE]})

    payment_no: str
    state: State
    is_final: bool
    account_no: str
    amount: Amount
    provider: str
    method: MethodName
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    provider_reference: str | None
    parts: list[Part]
    suspense: list[Suspended]
    also_received: list[Received]

    @classmethod
    def of(cls, view: PaymentView) -> "Payment":
        """The answer for a view."""
        return cls.model_validate(
            {
                "payment_no": view.payment_no,
                "state": view.state,
                "is_final": view.is_final,
                "account_no": view.account_no,
                "amount": Amount.of(view.amount),
                "provider": view.provider,
                "method": view.method.value,
                "created_at": view.created_at,
                "expires_at": view.expires_at,
                "paid_at": view.paid_at,
                "provider_reference": view.provider_reference,
                "parts": [Part.of(part) for part in view.parts],
                "suspense": [Suspended.of(each) for each in view.suspense],
                "also_received": [Received.of(also) for also in view.also_received],
            }
        )


class Pay(AnswerModel):
    """What the payer's device needs: `code_url` with its QR code, `h5_url`, or `parameters` for WeChat's client."""

    code_url: str | None = None
    qr_svg: str | None = None
    h5_url: str | None = None
    parameters: dict[str, str] | None = None

    @classmethod
    def of(cls, method: Method, given: dict[str, str]) -> "Pay":
        """By method."""
        match method:
            case Method.WECHAT_NATIVE:
                return cls(code_url=given["code_url"], qr_svg=qr.svg(given["code_url"]))
            case Method.WECHAT_H5:
                return cls(h5_url=given["h5_url"])
            case Method.WECHAT_JSAPI | Method.WECHAT_APP:
                return cls(parameters=given)


class StartedPayment(AnswerModel):
    """A payment and how to pay it: null when it is final, or while the provider's answer is fetched again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "payment": PAYMENT_EXAMPLE,
                    "pay": {
                        "code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz",
                        "qr_svg": "<svg>...</svg>",
                        "h5_url": None,
                        "parameters": None,
                    },
                }
            ]
        }
    )

    payment: Payment
    pay: Pay | None

    @classmethod
    def of(cls, started: Started, *, return_url: str | None) -> "StartedPayment":
        """The answer of a flow; `return_url` is whole."""
        pay = None if started.pay is None else Pay.of(started.payment.method, dict(started.pay))
        if pay is not None and pay.h5_url is not None and return_url is not None:
            pay = pay.model_copy(update={"h5_url": _returning(pay.h5_url, return_url)})
        return cls(payment=Payment.of(started.payment), pay=pay)


class QuoteRequest(RequestModel):
    """Somebody else's account, and one character of the holder's name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account_no": "3701000001", "name_hint": "王"}]})

    account_no: AccountNo
    name_hint: Annotated[Text, StringConstraints(min_length=1, max_length=4)]


class PaymentQuote(AnswerModel):
    """What somebody else owes, for ten minutes and one payment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "quote_id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11",
                    "account_no": "3701000001",
                    "holder": "**明",
                    "due": {"amount_minor": 12860, "currency": "CNY"},
                    "expires_at": "2026-11-24T08:10:00+00:00",
                }
            ]
        }
    )

    quote_id: UUID
    account_no: str
    holder: str
    due: Amount
    expires_at: datetime

    @classmethod
    def of(cls, quote: Quote) -> "PaymentQuote":
        """The answer for a quote."""
        due: Money = quote.due
        return cls(
            quote_id=quote.id,
            account_no=quote.account_no,
            holder=quote.holder,
            due=Amount.of(due),
            expires_at=quote.expires_at,
        )


def _returning(h5_url: str, return_url: str) -> str:
    sign = "&" if urlsplit(h5_url).query else "?"
    return f"{h5_url}{sign}redirect_url={escaped(return_url, safe='')}"
