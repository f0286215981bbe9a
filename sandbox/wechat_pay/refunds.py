"""Refunds of paid orders: taken once per number, worked on for a moment, then done, closed, or stuck with the payer.

The rules are the platform's: whole and partial refunds within a year, fifty at most, never more than was paid, and one
a minute for an order. The same number again answers how that refund stands.
"""

import hashlib
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Mapping
from typing import Any, Final

from sandbox import deliveries
from sandbox.books import Books, note
from sandbox.credentials import Platform
from sandbox.faults import Fault
from sandbox.times import rfc3339
from sandbox.wechat_pay.requests import MOST_MINOR, Refused

REFUND_NOTIFY: Final = "wechat_pay.refund_notify"
NUMBER: Final = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
REASON_BYTES: Final = 80
YEAR_S: Final = 365 * 86_400
MOST_REFUNDS: Final = 50
APART_S: Final = 60
WORK_S: Final = 0.2
"""How long the platform is at it, where no fault says otherwise."""

STATUSES: Final = {
    "NOT_ENOUGH": 403, "USER_ACCOUNT_ABNORMAL": 403, "NO_AUTH": 403, "RESOURCE_NOT_EXISTS": 404,
    "FREQUENCY_LIMITED": 429, "SYSTEM_ERROR": 500,
}  # fmt: skip
"""Of refusals on order; any other code comes with 400."""

ENDS: Final = {"SUCCESS": "REFUND.SUCCESS", "CLOSED": "REFUND.CLOSED", "ABNORMAL": "REFUND.ABNORMAL"}
_MISSING: Final = (404, "RESOURCE_NOT_EXISTS", "退款单不存在")


class Refunds:
    """The refunds of one merchant, in the currency of its orders."""

    def __init__(self, books: Books, platform: Platform, *, currency: str) -> None:
        self._books, self._platform, self._currency = books, platform, currency

    def make(self, body: dict[str, Any], *, serial: str, struck: Mapping[str, Fault]) -> dict[str, Any]:
        """Take a refund, or answer a known one as it stands. What strikes says how it ends, and how soon."""
        if fault := struck.get("refused"):
            code = str(fault.value or "NOT_ENOUGH")
            raise Refused(STATUSES.get(code, 400), code, "退款请求失败")
        number, asked = body.get("out_refund_no"), self._amount(body)
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise Refused(400, "PARAM_ERROR", "参数错误：out_refund_no")
        now = time.time()
        with self._books.change() as change:
            order = self._order(change, body)
            fingerprint = hashlib.sha256(
                json.dumps([order["out_trade_no"], asked["refund"], asked["total"]]).encode()
            ).hexdigest()
            known = change.execute("select * from pay_refund where out_refund_no = ?", (number,)).fetchone()
            if known is not None:
                if known["fingerprint"] != fingerprint:
                    raise Refused(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
                return self._told(self._now(change, dict(known), now), order)
            self._check(change, order, asked, now)
            end = "ABNORMAL" if "abnormal" in struck else "CLOSED" if "closed" in struck else "SUCCESS"
            slow = struck.get("slow")
            row = {
                "out_refund_no": number,
                "refund_id": "50300" + "".join(secrets.choice("0123456789") for _ in range(24)),
                "out_trade_no": order["out_trade_no"],
                "fingerprint": fingerprint,
                "amount": asked["refund"],
                "reason": body.get("reason"),
                "notify_url": body.get("notify_url"),
                "serial": serial,
                "state": "PROCESSING",
                "becomes": end,
                "ends_at": now + (WORK_S if slow is None else float(slow.value or 60)),
                "created_at": now,
            }
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            change.execute(f"insert into pay_refund ({names}) values ({places})", row)  # noqa: S608 -- names of ours
            note(change, now, order["out_trade_no"], refund=row["amount"], out_refund_no=number)
            self._tell(change, {**row, "state": end}, order, due_at=row["ends_at"])
        return self._told(row, order)

    def find(self, number: str) -> dict[str, Any]:
        """How a refund stands now; raises Refused for an unknown one."""
        with self._books.change() as change:
            row = self._now(change, _locked(change, number), time.time())
            return self._told(row, _order_of(change, row))

    def settle(self, number: str, state: str) -> dict[str, Any]:
        """End a refund as the merchant's own people can at the platform's console, and tell of it again."""
        with self._books.change() as change:
            row, now = _locked(change, number), time.time()
            change.execute(
                "update pay_refund set state = ?, becomes = ?, ends_at = ? where out_refund_no = ?",
                (state, state, now, number),
            )
            row |= {"state": state, "becomes": state, "ends_at": now}
            note(change, now, row["out_trade_no"], refund_settled=state, out_refund_no=number)
            self._tell(change, row, _order_of(change, row), due_at=now)
        return row

    def row(self, number: str) -> dict[str, Any] | None:
        """A refund as the books have it."""
        return self._books.one("select * from pay_refund where out_refund_no = ?", number)

    def all(self) -> list[dict[str, Any]]:
        """Every refund, oldest first, each as it stands."""
        now = time.time()
        rows = self._books.all("select * from pay_refund order by created_at")
        return [{**row, "state": _state(row, now)} for row in rows]

    def _now(self, change: sqlite3.Connection, row: dict[str, Any], now: float) -> dict[str, Any]:
        state = _state(row, now)
        if state != row["state"]:
            change.execute("update pay_refund set state = ? where out_refund_no = ?", (state, row["out_refund_no"]))
        return {**row, "state": state}

    def _amount(self, body: dict[str, Any]) -> dict[str, int]:
        amount = body.get("amount")
        for name in ("refund", "total"):
            value = amount.get(name) if isinstance(amount, dict) else None
            if type(value) is not int or not 0 < value <= MOST_MINOR:
                raise Refused(400, "PARAM_ERROR", f"参数错误：amount.{name}")
        assert isinstance(amount, dict)  # noqa: S101 -- the loop above saw to it
        if amount.get("currency") != self._currency:
            raise Refused(400, "PARAM_ERROR", "参数错误：amount.currency")
        reason, url = body.get("reason"), body.get("notify_url")
        if reason is not None and not (isinstance(reason, str) and 0 < len(reason.encode()) <= REASON_BYTES):
            raise Refused(400, "PARAM_ERROR", "参数错误：reason")
        if url is not None and not re.fullmatch(r"https?://[^\s?#/]+(/[^\s?#]*)?", str(url)):
            raise Refused(400, "PARAM_ERROR", "参数错误：notify_url")
        return amount

    def _order(self, change: sqlite3.Connection, body: dict[str, Any]) -> dict[str, Any]:
        by = {name: body[name] for name in ("transaction_id", "out_trade_no") if isinstance(body.get(name), str)}
        if not by:
            raise Refused(400, "PARAM_ERROR", "参数错误：transaction_id")
        where = " and ".join(f"{name} = :{name}" for name in by)
        row = change.execute(f"select * from pay_order where {where}", by).fetchone()  # noqa: S608 -- names of ours
        if row is None:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        if row["state"] != "SUCCESS":
            raise Refused(400, "INVALID_REQUEST", "订单未支付，不能退款")
        return dict(row)

    def _check(self, change: sqlite3.Connection, order: dict[str, Any], asked: dict[str, int], now: float) -> None:
        if asked["total"] != order["amount"]:
            raise Refused(400, "INVALID_REQUEST", "订单金额与原订单不一致")
        if now - order["paid_at"] > YEAR_S:
            raise Refused(400, "INVALID_REQUEST", "订单已超过可退款的最大期限")
        rows = change.execute("select * from pay_refund where out_trade_no = ?", (order["out_trade_no"],)).fetchall()
        gone = sum(row["amount"] for row in rows if _state(dict(row), now) != "CLOSED")
        if gone + asked["refund"] > order["amount"] or len(rows) >= MOST_REFUNDS:
            raise Refused(400, "INVALID_REQUEST", "申请退款金额或次数超过订单可退的限度")
        if any(now - row["created_at"] < APART_S for row in rows):
            raise Refused(429, "FREQUENCY_LIMITED", "同一订单一分钟内只能退款一次")

    def _told(self, row: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
        amount = self._shares(row, order)
        told = {
            **self._ids(row, order),
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": rfc3339(row["created_at"]),
            "status": row["state"],
            "funds_account": "AVAILABLE",
            "amount": {
                **amount,
                "settlement_refund": amount["refund"],
                "settlement_total": amount["total"],
                "discount_refund": 0,
                "currency": order["currency"],
            },
            "promotion_detail": [],
        }
        return told | ({"success_time": rfc3339(row["ends_at"])} if row["state"] == "SUCCESS" else {})

    def _tell(self, change: sqlite3.Connection, row: dict[str, Any], order: dict[str, Any], *, due_at: float) -> None:
        if row["notify_url"] is None:
            return
        content = {
            "mchid": self._platform.mchid,
            **self._ids(row, order),
            "refund_status": row["state"],
            "user_received_account": "支付用户零钱",
            "amount": self._shares(row, order),
        }
        if row["state"] == "SUCCESS":
            content["success_time"] = rfc3339(row["ends_at"])
        deliveries.queue(
            change,
            kind=REFUND_NOTIFY,
            subject=row["out_refund_no"],
            url=row["notify_url"],
            event=ENDS[row["state"]],
            content=content,
            serial=row["serial"],
            due_at=due_at,
        )

    def _ids(self, row: dict[str, Any], order: dict[str, Any]) -> dict[str, str]:
        return {
            "refund_id": row["refund_id"],
            "out_refund_no": row["out_refund_no"],
            "transaction_id": order["transaction_id"],
            "out_trade_no": order["out_trade_no"],
        }

    def _shares(self, row: dict[str, Any], order: dict[str, Any]) -> dict[str, int]:
        shares = {"total": order["amount"], "refund": row["amount"]}
        return {**shares, "payer_total": shares["total"], "payer_refund": shares["refund"]}


def _state(row: dict[str, Any], now: float) -> str:
    is_over = row["state"] == "PROCESSING" and row["ends_at"] <= now
    return str(row["becomes"] if is_over else row["state"])


def _locked(change: sqlite3.Connection, number: str) -> dict[str, Any]:
    row = change.execute("select * from pay_refund where out_refund_no = ?", (number,)).fetchone()
    if row is None:
        raise Refused(*_MISSING)
    return dict(row)


def _order_of(change: sqlite3.Connection, row: dict[str, Any]) -> dict[str, Any]:
    return dict(change.execute("select * from pay_order where out_trade_no = ?", (row["out_trade_no"],)).fetchone())
