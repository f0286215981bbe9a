"""WeChat Pay orders: made, asked for, closed, paid.

The state machine is the provider's; so are the texts of its refusals.
"""

import hashlib
import json
import re
import secrets
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from sandbox.books import Books, note
from sandbox.credentials import Platform

BEIJING: Final = timezone(timedelta(hours=8))
LIFETIME_S: Final = 7200
NUMBER: Final = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
TRADE_TYPES: Final = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI", "app": "APP"}
STATES: Final = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭"}


class Refused(Exception):
    """The platform refuses: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def moment(seconds: float) -> str:
    """A time as the platform writes it."""
    return datetime.fromtimestamp(seconds, BEIJING).isoformat(timespec="seconds")


class Orders:
    """The orders of one merchant."""

    def __init__(self, books: Books, platform: Platform, *, base_url: str) -> None:
        self._books, self._platform, self.base_url = books, platform, base_url

    def make(self, method: str, body: dict[str, Any], *, serial: str) -> dict[str, str]:
        """Take an order, or answer an identical one again; any difference under a known number is refused."""
        self._check(method, body)
        number, now = body["out_trade_no"], time.time()
        fingerprint = hashlib.sha256(json.dumps([method, body], sort_keys=True).encode()).hexdigest()
        with self._books.change() as change:
            row = change.execute("select * from pay_order where out_trade_no = ?", (number,)).fetchone()
            if row is not None:
                if row["fingerprint"] != fingerprint:
                    raise Refused(400, "INVALID_REQUEST", "201 商户订单号重复")
                if row["state"] != "NOTPAY":
                    raise Refused(
                        400, "ORDERPAID" if row["state"] == "SUCCESS" else "ORDER_CLOSED", STATES[row["state"]]
                    )
                known: dict[str, str] = json.loads(row["answer"])
                return known
            token = secrets.token_urlsafe(18)
            answer = self._prepay(method, token)
            expires = (
                datetime.fromisoformat(body["time_expire"]).timestamp() if "time_expire" in body else now + LIFETIME_S
            )
            amount = body["amount"]
            change.execute(
                "insert into pay_order (out_trade_no, method, fingerprint, appid, description, "
                "amount, currency, notify_url, attach, expires_at, "
                "answer, token, serial, state, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'NOTPAY', ?)",
                (
                    number,
                    method,
                    fingerprint,
                    body["appid"],
                    body["description"],
                    amount["total"],
                    amount.get("currency", "CNY"),
                    body["notify_url"],
                    body.get("attach"),
                    expires,
                    json.dumps(answer),
                    token,
                    serial,
                    now,
                ),
            )
            note(change, now, number, made=amount["total"], method=method)
        return answer

    def find(self, *, number: str | None = None, transaction_id: str | None = None) -> dict[str, Any]:
        """What a query answers; raises Refused for an unknown order."""
        row = (
            self.row(number)
            if number
            else self._books.one("select * from pay_order where transaction_id = ?", transaction_id)
        )
        if row is None:
            raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
        return self.transaction(row)

    def close(self, number: str) -> None:
        """Close an unpaid order; closing again is fine, closing a paid one is not."""
        with self._books.change() as change:
            row = change.execute("select state from pay_order where out_trade_no = ?", (number,)).fetchone()
            if row is None:
                raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
            if row["state"] == "SUCCESS":
                raise Refused(400, "ORDERPAID", "订单已支付")
            change.execute("update pay_order set state = 'CLOSED' where out_trade_no = ?", (number,))
            note(change, time.time(), number, closed=True)

    def pay(self, number: str, *, openid: str | None = None, even_if_closed: bool = False) -> dict[str, Any]:
        """The payer pays: money moves once. Raises Refused for an order that is closed, paid or too old.

        `even_if_closed` plays the payer whose payment was under way when the order was closed.
        """
        now = time.time()
        with self._books.change() as change:
            row = change.execute("select * from pay_order where out_trade_no = ?", (number,)).fetchone()
            if row is None:
                raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
            if row["state"] == "SUCCESS":
                raise Refused(409, "ORDERPAID", "订单已支付")
            if not even_if_closed and (row["state"] == "CLOSED" or row["expires_at"] < now):
                raise Refused(409, "ORDER_CLOSED", "订单已关闭或已过期")
            transaction_id = "42000" + "".join(secrets.choice("0123456789") for _ in range(23))
            change.execute(
                "update pay_order set state = 'SUCCESS', transaction_id = ?, openid = ?, paid_at = ? "
                "where out_trade_no = ?",
                (transaction_id, openid or "o" + secrets.token_hex(13), now, number),
            )
            row = change.execute("select * from pay_order where out_trade_no = ?", (number,)).fetchone()
            resource = json.dumps(self.transaction(dict(row)), ensure_ascii=False)
            self.queue(change, number, row["notify_url"], "TRANSACTION.SUCCESS", resource, row["serial"], now)
            note(change, now, number, paid=row["amount"], transaction_id=transaction_id)
        return dict(row)

    def notify_again(self, number: str) -> None:
        """Tell a paid order once more."""
        row = self.row(number)
        if row is None or row["state"] != "SUCCESS":
            raise Refused(409, "NOT_PAID", "订单未支付")
        with self._books.change() as change:
            resource = json.dumps(self.transaction(row), ensure_ascii=False)
            self.queue(change, number, row["notify_url"], "TRANSACTION.SUCCESS", resource, row["serial"], time.time())

    def queue(self, change: Any, number: str, url: str, event: str, resource: str, serial: str, now: float) -> None:
        """Put a callback in the queue of those to deliver."""
        change.execute(
            "insert into callback (id, out_trade_no, url, event, resource, serial, due_at) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (secrets.token_hex(16), number, url, event, resource, serial, now),
        )

    def row(self, number: str) -> dict[str, Any] | None:
        """An order as the books have it."""
        return self._books.one("select * from pay_order where out_trade_no = ?", number)

    def by_token(self, token: str) -> dict[str, Any] | None:
        """The order behind a QR code or H5 address."""
        return self._books.one("select * from pay_order where token = ?", token)

    def transaction(self, row: dict[str, Any]) -> dict[str, Any]:
        """An order as queries and callbacks tell it."""
        told: dict[str, Any] = {
            "appid": row["appid"],
            "mchid": self._platform.mchid,
            "out_trade_no": row["out_trade_no"],
            "attach": row["attach"] or "",
            "trade_state": row["state"],
            "trade_state_desc": STATES[row["state"]],
            "amount": {"total": row["amount"], "currency": row["currency"]},
            "promotion_detail": [],
        }
        if row["state"] == "SUCCESS":
            told |= {
                "transaction_id": row["transaction_id"],
                "trade_type": TRADE_TYPES[row["method"]],
                "bank_type": "OTHERS",
                "success_time": moment(row["paid_at"]),
                "payer": {"openid": row["openid"]},
            }
            told["amount"] |= {"payer_total": row["amount"], "payer_currency": row["currency"]}
        return told

    def _prepay(self, method: str, token: str) -> dict[str, str]:
        if method == "native":
            return {"code_url": f"weixin://wxpay/bizpayurl?pr={token}"}
        if method == "h5":
            return {"h5_url": f"{self.base_url}/wechat-pay/pay?pr={token}"}
        return {"prepay_id": f"wx{token}"}

    def _check(self, method: str, body: dict[str, Any]) -> None:
        amount = body.get("amount")
        wrong = [
            body.get("mchid") != self._platform.mchid,
            body.get("appid") != self._platform.appid,
            not isinstance(body.get("description"), str) or not 0 < len(body["description"].encode()) <= 127,  # noqa: PLR2004 -- the document's
            not isinstance(body.get("out_trade_no"), str) or not NUMBER.fullmatch(body["out_trade_no"]),
            not str(body.get("notify_url", "")).startswith(("http://", "https://"))
            or "?" in str(body.get("notify_url")),
            not isinstance(amount, dict) or type(amount.get("total")) is not int or amount["total"] <= 0,
            len(str(body.get("attach", ""))) > 128,  # noqa: PLR2004 -- the document's
            method == "jsapi" and not (body.get("payer") or {}).get("openid"),
            method == "h5" and not (body.get("scene_info") or {}).get("payer_client_ip"),
        ]
        names = (
            "mchid",
            "appid",
            "description",
            "out_trade_no",
            "notify_url",
            "amount.total",
            "attach",
            "payer.openid",
            "scene_info",
        )
        for is_wrong, name in zip(wrong, names, strict=True):
            if is_wrong:
                raise Refused(400, "PARAM_ERROR", f"参数错误：{name}")
