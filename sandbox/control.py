"""`/__sandbox__/`: what tests and people do that no provider offers. See docs/reference/sandbox.md."""

import json
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

import sandbox.aliyun_sms.provider
from sandbox.aliyun_sms import receipts
from sandbox.aliyun_sms.provider import Provider as AliyunSms
from sandbox.faults import NoSuchFault
from sandbox.wechat_pay.provider import Provider as WeChatPay
from sandbox.wechat_pay.provider import having_order, having_refund, providers_of
from sandbox.wechat_pay.requests import Refused

EVENTS: Final = 5000
router = APIRouter(prefix="/__sandbox__")


class FaultOrder(BaseModel):
    """A fault to put in force."""

    model_config = ConfigDict(extra="forbid", strict=True)

    place: str
    kind: str
    value: int | float | str | None = None
    count: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: int = 0


class Payer(BaseModel):
    """Who pays, and whether although the order was closed meanwhile."""

    model_config = ConfigDict(extra="forbid", strict=True)

    openid: str | None = None
    even_if_closed: bool = False


class RefundEnd(BaseModel):
    """How a refund is to end."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state: Literal["SUCCESS", "CLOSED", "ABNORMAL"]


class ReceiptAddress(BaseModel):
    """Where receipts go; null: nowhere."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")] | None


@router.get("/messages")
def list_messages(request: Request, to: str | None = None) -> list[dict[str, Any]]:
    """Messages that were accepted, newest first; `to` is a number with or without its country code."""
    return _aliyun_sms(request).messages.newest(to=to)


@router.put("/aliyun-sms/receipt-url")
def set_receipt_address(request: Request, wanted: ReceiptAddress) -> ReceiptAddress:
    """Say where receipts go from now on, as the provider's console does."""
    receipts.set_address(_aliyun_sms(request).books, wanted.url)
    return wanted


@router.get("/wechat-pay/orders")
def list_orders(request: Request) -> list[dict[str, Any]]:
    """Every order of every merchant account, oldest first."""
    return sorted(
        (
            {**row, "mchid": each.platform.mchid}
            for each in providers_of(request)
            for row in each.books.all("select * from pay_order")
        ),
        key=lambda row: row["created_at"],
    )


@router.get("/wechat-pay/orders/{number}")
def show_order(request: Request, number: str) -> dict[str, Any]:
    """One order, with the callbacks sent for it."""
    provider = having_order(request, number)
    row = provider.orders.row(number)
    if row is None:
        raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
    callbacks = provider.books.all(
        "select id, event, tries, done, last_status from delivery where subject = ? order by rowid", number
    )
    return {**row, "mchid": provider.platform.mchid, "answer": json.loads(row["answer"]), "callbacks": callbacks}


@router.post("/wechat-pay/orders/{number}/pay")
def pay_order(request: Request, number: str, payer: Payer | None = None) -> dict[str, Any]:
    """Play the payer who pays."""
    provider, who = having_order(request, number), payer or Payer()
    paid = provider.orders.pay(number, openid=who.openid, even_if_closed=who.even_if_closed)
    provider.nudge()
    return paid


@router.post("/wechat-pay/orders/{number}/cancel")
def cancel_order(request: Request, number: str) -> dict[str, Any]:
    """Play the payer who goes away: the order stays unpaid, as at the real one."""
    return having_order(request, number).orders.cancel(number)


@router.post("/wechat-pay/orders/{number}/notify")
def notify_again(request: Request, number: str) -> dict[str, str]:
    """Send a paid order's callback once more, under a new id."""
    provider = having_order(request, number)
    provider.orders.notify_again(number)
    provider.nudge()
    return {"queued": number}


@router.get("/wechat-pay/refunds")
def list_refunds(request: Request) -> list[dict[str, Any]]:
    """Every refund of every merchant account, oldest first."""
    return sorted(
        ({**refund, "mchid": each.platform.mchid} for each in providers_of(request) for refund in each.refunds.all()),
        key=lambda refund: refund["created_at"],
    )


@router.post("/wechat-pay/refunds/{number}/settle")
def settle_refund(request: Request, number: str, wanted: RefundEnd) -> dict[str, Any]:
    """Play the merchant's people at the platform's console, who end a refund."""
    provider = having_refund(request, number)
    settled = provider.refunds.settle(number, wanted.state)
    provider.nudge()
    return settled


@router.get("/books")
def show_books(request: Request) -> dict[str, Any]:
    """Both providers' books: what the ledger and the messages are judged by."""
    kept = [each.books for each in providers_of(request)]
    paid = ("out_trade_no", "transaction_id", "mchid", "amount", "currency", "state", "created_at", "paid_at")
    refunded = ("out_refund_no", "refund_id", "mchid", "out_trade_no", "amount", "state")
    told = "select kind, subject, event, tries, done, last_status from delivery order by rowid"
    happened = "select at, subject, what from event order by id desc limit ?"
    return {
        "orders": [{name: each[name] for name in paid} for each in list_orders(request)],
        "refunds": [{name: each[name] for name in refunded} for each in list_refunds(request)],
        "messages": kept[0].all(
            "select phone, template, out_id, biz_id, accepted_at, delivered_at, err_code, answer_dropped "
            "from message order by id"
        ),
        "callbacks": [row for books in kept for row in books.all(told)],
        "events": sorted((row for books in kept for row in books.all(happened, EVENTS)), key=lambda row: -row["at"]),
    }


@router.post("/faults")
def add_fault(request: Request, wanted: FaultOrder) -> dict[str, int]:
    """Put a fault in force; 422 for one that could never strike."""
    try:
        return {"id": _first(request).faults.add(**wanted.model_dump()).id}
    except NoSuchFault as error:
        raise HTTPException(422, str(error)) from error


@router.get("/faults")
def list_faults(request: Request) -> list[dict[str, Any]]:
    """Faults in force and how often they struck."""
    return _first(request).faults.in_force()


@router.delete("/faults")
def clear_faults(request: Request) -> dict[str, bool]:
    """Be honest again."""
    _first(request).faults.clear()
    return {"cleared": True}


def _first(request: Request) -> WeChatPay:
    return providers_of(request)[0]


def _aliyun_sms(request: Request) -> AliyunSms:
    return sandbox.aliyun_sms.provider.provider_of(request)
