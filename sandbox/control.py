"""`/__sandbox__/`: what tests and people do that no provider offers. See docs/reference/sandbox.md."""

import json
from collections.abc import Callable
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from sandbox.books import Books
from sandbox.faults import CALL_KINDS, NOTIFY_KINDS, Faults
from sandbox.orders import Orders, Refused


class FaultOrder(BaseModel):
    """A fault to put in force."""

    model_config = ConfigDict(extra="forbid")

    place: str
    kind: Literal[(*CALL_KINDS, *NOTIFY_KINDS)]  # type: ignore[valid-type] # the list of kinds is data
    value: int | float | str | None = None
    count: int | None = None
    probability: float | None = None
    seed: int = 0


class Payer(BaseModel):
    """Who pays, and whether although the order was closed meanwhile."""

    model_config = ConfigDict(extra="forbid")

    openid: str | None = None
    even_if_closed: bool = False


def router_of(books: Books, orders: Orders, faults: Faults, nudge: Callable[[], None]) -> APIRouter:
    """The control API."""
    router = APIRouter(prefix="/__sandbox__")

    @router.get("/messages")
    def messages(to: str | None = None) -> list[dict[str, Any]]:
        """Messages that were accepted, newest first; `to` is a number with or without its country code."""
        number = to.lstrip("+ ") if to else None
        if number is not None:
            number = number.removeprefix("86") if number.startswith("861") and len(number) == 13 else number  # noqa: PLR2004 -- 86 and eleven digits
        where, params = ("where phone = ?", [number]) if number else ("", [])
        rows = books.all(f"select * from message {where} order by id desc limit 1000", *params)  # noqa: S608 -- a constant of ours
        return [
            {**row, "params": json.loads(row["params"]), "answer_dropped": bool(row["answer_dropped"])} for row in rows
        ]

    @router.get("/wechat-pay/orders")
    def all_orders() -> list[dict[str, Any]]:
        """Every order."""
        return books.all("select * from pay_order order by created_at")

    @router.get("/wechat-pay/orders/{number}")
    def order(number: str) -> dict[str, Any]:
        """One order, with the callbacks sent for it."""
        row = orders.row(number)
        if row is None:
            raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
        callbacks = books.all("select id, event, tries, done, last_status from callback where out_trade_no = ?", number)
        return {**row, "answer": json.loads(row["answer"]), "callbacks": callbacks}

    @router.post("/wechat-pay/orders/{number}/pay")
    def pay(number: str, payer: Payer | None = None) -> dict[str, Any]:
        """Play the payer who pays."""
        who = payer or Payer()
        paid = orders.pay(number, openid=who.openid, even_if_closed=who.even_if_closed)
        nudge()
        return paid

    @router.post("/wechat-pay/orders/{number}/cancel")
    def cancel(number: str) -> dict[str, Any]:
        """Play the payer who goes away: the order stays unpaid, as at the real one."""
        row = orders.row(number)
        if row is None:
            raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
        return row

    @router.post("/wechat-pay/orders/{number}/notify")
    def notify(number: str) -> dict[str, str]:
        """Send a paid order's callback once more, under a new id."""
        orders.notify_again(number)
        nudge()
        return {"queued": number}

    @router.get("/books")
    def whole_books() -> dict[str, Any]:
        """Both providers' books: what the ledger and the messages are judged by."""
        return {
            "orders": books.all(
                "select out_trade_no, transaction_id, amount, currency, state, created_at, paid_at "
                "from pay_order order by created_at"
            ),
            "messages": books.all(
                "select phone, template, out_id, biz_id, state, accepted_at, answer_dropped from message order by id"
            ),
            "callbacks": books.all("select out_trade_no, tries, done, last_status from callback"),
            "events": books.all("select at, subject, what from event order by id desc limit 5000"),
        }

    @router.post("/faults")
    def add_fault(wanted: FaultOrder) -> dict[str, Any]:
        """Put a fault in force."""
        fault = faults.add(**wanted.model_dump())
        return {"id": fault.id}

    @router.get("/faults")
    def list_faults() -> list[dict[str, Any]]:
        """Faults in force and how often they struck."""
        return faults.in_force()

    @router.delete("/faults")
    def clear_faults() -> dict[str, bool]:
        """Be honest again."""
        faults.clear()
        return {"cleared": True}

    return router
