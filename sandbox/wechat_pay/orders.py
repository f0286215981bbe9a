"""WeChat Pay orders: made, asked for, closed, paid.

The state machine is the provider's; so are the texts of its refusals.
"""

import hashlib
import json
import secrets
import sqlite3
import time
from typing import Any, Final

from sandbox import deliveries
from sandbox.books import Books, note
from sandbox.credentials import Platform
from sandbox.times import rfc3339
from sandbox.wechat_pay.requests import TRADE_TYPES, Refused, check_order, expiry

NOTIFY: Final = "wechat_pay.notify"
LIFETIME_S: Final = 7200
STATES: Final = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "REFUND": "转入退款", "CLOSED": "订单已关闭"}
_NOT_FOUND: Final = (404, "ORDER_NOT_EXIST", "订单不存在")


class Orders:
    """The orders of one merchant, all in one currency."""

    def __init__(self, books: Books, platform: Platform, *, people: Books, base_url: str, currency: str) -> None:
        self._books, self._platform, self._base_url, self._currency = books, platform, base_url, currency
        self._people = people

    def make(self, method: str, body: dict[str, Any], *, serial: str) -> dict[str, str]:
        """Take an order, or answer an identical one again; any difference under a known number is refused.

        `serial` names the key that signs what is told about it later.
        """
        if body.get("mchid") != self._platform.mchid:
            raise Refused(400, "PARAM_ERROR", "参数错误：mchid")
        if body.get("appid") not in self._platform.appids:
            raise Refused(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        check_order(method, body, currency=self._currency)
        _check_payer(self._people, body)
        number, now = body["out_trade_no"], time.time()
        fingerprint = hashlib.sha256(json.dumps([method, body], sort_keys=True).encode()).hexdigest()
        with self._books.change() as change:
            known = change.execute("select * from pay_order where out_trade_no = ?", (number,)).fetchone()
            if known is not None:
                return _again(known, fingerprint)
            token = secrets.token_urlsafe(18)
            answer = self._prepay(method, token)
            row = {
                "out_trade_no": number,
                "method": method,
                "fingerprint": fingerprint,
                "appid": body["appid"],
                "description": body["description"],
                "amount": body["amount"]["total"],
                "currency": self._currency,
                "notify_url": body["notify_url"],
                "attach": body.get("attach"),
                "expires_at": expiry(body) or now + LIFETIME_S,
                "answer": json.dumps(answer),
                "token": token,
                "serial": serial,
                "state": "NOTPAY",
                "created_at": now,
            }
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            change.execute(f"insert into pay_order ({names}) values ({places})", row)  # noqa: S608 -- names of ours
            note(change, now, number, made=row["amount"], currency=self._currency, method=method)
        return answer

    def find(self, *, number: str | None = None, transaction_id: str | None = None) -> dict[str, Any]:
        """What a query answers; raises Refused for an unknown order."""
        row = (
            self.row(number)
            if number
            else self._books.one("select * from pay_order where transaction_id = ?", transaction_id)
        )
        if row is None:
            raise Refused(*_NOT_FOUND)
        return self.transaction(row)

    def close(self, number: str) -> None:
        """Close an unpaid order; closing again is fine, closing a paid one is not."""
        with self._books.change() as change:
            row = _locked(change, number)
            if row["state"] == "SUCCESS":
                raise Refused(400, "ORDERPAID", "订单已支付")
            if row["state"] == "NOTPAY":
                change.execute("update pay_order set state = 'CLOSED' where out_trade_no = ?", (number,))
                note(change, time.time(), number, closed=True)

    def pay(self, number: str, *, openid: str | None = None, even_if_closed: bool = False) -> dict[str, Any]:
        """The payer pays: money moves once. Raises Refused for an order that is closed, paid or too old.

        `even_if_closed` plays the payer whose payment was under way when the order was closed or ran out.
        """
        now = time.time()
        with self._books.change() as change:
            row = _locked(change, number)
            if row["state"] == "SUCCESS":
                raise Refused(409, "ORDERPAID", "订单已支付")
            if not even_if_closed and not self.is_payable(row, now):
                raise Refused(409, "ORDER_CLOSED", "订单已关闭或已过期")
            transaction_id = "42000" + "".join(secrets.choice("0123456789") for _ in range(23))
            change.execute(
                "update pay_order set state = 'SUCCESS', transaction_id = ?, openid = ?, paid_at = ? "
                "where out_trade_no = ?",
                (transaction_id, openid or "o" + secrets.token_hex(13), now, number),
            )
            row = _locked(change, number)
            note(change, now, number, paid=row["amount"], transaction_id=transaction_id)
            self._tell(change, row, now)
        return row

    def is_payable(self, row: dict[str, Any], now: float | None = None) -> bool:
        """Whether a payer would be let in: not closed, not paid, not too old."""
        return bool(row["state"] == "NOTPAY" and row["expires_at"] >= (time.time() if now is None else now))

    def cancel(self, number: str) -> dict[str, Any]:
        """The payer goes away: the order stays as it is, as at the real one. Raises Refused for an unknown order."""
        with self._books.change() as change:
            row = _locked(change, number)
            note(change, time.time(), number, cancelled_by_payer=True)
        return row

    def notify_again(self, number: str) -> None:
        """Tell of a payment once more, under a new id; raises Refused for an order that is not paid."""
        with self._books.change() as change:
            row = _locked(change, number)
            if row["state"] != "SUCCESS":
                raise Refused(409, "ORDERNOTPAID", "订单未支付")
            self._tell(change, row, time.time())

    def newest(self, most: int) -> list[dict[str, Any]]:
        """The last orders, newest first."""
        return self._books.all("select * from pay_order order by created_at desc limit ?", most)

    def row(self, number: str) -> dict[str, Any] | None:
        """An order as the books have it."""
        return self._books.one("select * from pay_order where out_trade_no = ?", number)

    def behind(self, reference: str) -> dict[str, Any] | None:
        """The order behind what a client shows or passes on: `code_url`, `h5_url`, `prepay_id` or the token in them."""
        token = reference.strip().rpartition("pr=")[2].partition("&")[0]
        return self._books.one("select * from pay_order where token in (?, ?)", token, token.removeprefix("wx"))

    def transaction(self, row: dict[str, Any]) -> dict[str, Any]:
        """An order as queries and notices tell it."""
        state = "REFUND" if self._is_refunded(row) else row["state"]
        told: dict[str, Any] = {
            "appid": row["appid"],
            "mchid": self._platform.mchid,
            "out_trade_no": row["out_trade_no"],
            "attach": row["attach"] or "",
            "trade_state": state,
            "trade_state_desc": STATES[state],
            "amount": {"total": row["amount"], "currency": row["currency"]},
            "promotion_detail": [],
        }
        if row["state"] == "SUCCESS":
            told |= {
                "transaction_id": row["transaction_id"],
                "trade_type": TRADE_TYPES[row["method"]],
                "bank_type": "OTHERS",
                "success_time": rfc3339(row["paid_at"]),
                "payer": {"openid": row["openid"]},
            }
            told["amount"] |= {"payer_total": row["amount"], "payer_currency": row["currency"]}
        return told

    def _is_refunded(self, row: dict[str, Any]) -> bool:
        """Whether a part of it went back, or is on its way."""
        refund = "select 1 from pay_refund where out_trade_no = ? and not (state = 'CLOSED' or becomes = 'CLOSED')"
        return row["state"] == "SUCCESS" and self._books.one(refund, row["out_trade_no"]) is not None

    def _tell(self, change: sqlite3.Connection, row: dict[str, Any], now: float) -> None:
        deliveries.queue(
            change,
            kind=NOTIFY,
            subject=row["out_trade_no"],
            url=row["notify_url"],
            event="TRANSACTION.SUCCESS",
            content=self.transaction(row),
            serial=row["serial"],
            due_at=now,
        )

    def _prepay(self, method: str, token: str) -> dict[str, str]:
        if method == "native":
            return {"code_url": f"weixin://wxpay/bizpayurl?pr={token}"}
        if method == "h5":
            return {"h5_url": f"{self._base_url}/wechat-pay/pay?pr={token}"}
        return {"prepay_id": f"wx{token}"}


def _check_payer(books: Books, body: dict[str, Any]) -> None:
    """Whoever is known to one application pays for no other under that name."""
    openid = body.get("payer", {}).get("openid")
    known = books.one("select appid from wechat_openid where openid = ?", openid)
    if known is not None and known["appid"] != body["appid"]:
        raise Refused(400, "PARAM_ERROR", "appid和openid不匹配")


def _again(known: sqlite3.Row, fingerprint: str) -> dict[str, str]:
    if known["fingerprint"] != fingerprint:
        raise Refused(403, "OUT_TRADE_NO_USED", "201 商户订单号重复")
    if known["state"] == "SUCCESS":
        raise Refused(400, "ORDERPAID", "订单已支付")
    if known["state"] == "CLOSED":
        raise Refused(400, "ORDER_CLOSED", "订单已关闭")
    answer: dict[str, str] = json.loads(known["answer"])
    return answer


def _locked(change: sqlite3.Connection, number: str) -> dict[str, Any]:
    row = change.execute("select * from pay_order where out_trade_no = ?", (number,)).fetchone()
    if row is None:
        raise Refused(*_NOT_FOUND)
    return dict(row)
