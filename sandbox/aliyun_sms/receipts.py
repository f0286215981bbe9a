"""What became of messages, pushed as JSON arrays to the address that the account named.

Nobody signs them: that is how the real ones come.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from sandbox import deliveries
from sandbox.books import Books
from sandbox.deliveries import Delivery, Packet, Struck
from sandbox.times import plain

RECEIPT: Final = "aliyun_sms.receipt"
DELIVERED: Final = "DELIVERED"
_ADDRESS: Final = "aliyun_sms.receipt_url"
ONE_PART, LONG_PART = 70, 67
"""Characters of a text that is one message, and of each part of a longer one."""


class Receipts:
    """Tells the account what became of its messages."""

    waits_s: Final = (60, 300, 600)

    def compose(self, delivery: Delivery, _struck: Struck) -> Packet:
        """The array of one try."""
        body = json.dumps(delivery.content["reports"], ensure_ascii=False).encode()
        return Packet(body, {"Content-Type": "application/json;charset=utf-8"})

    def is_acknowledged(self, _delivery: Delivery, answer: httpx.Response) -> bool:
        """200 with a numeric code; which number does not matter."""
        try:
            said = answer.json()
        except ValueError:
            return False
        return answer.status_code == 200 and isinstance(said, dict) and type(said.get("code")) is int  # noqa: PLR2004 -- OK


def set_address(books: Books, url: str | None) -> None:
    """Where receipts go from now on; None: nowhere."""
    with books.change() as change:
        change.execute("delete from setting where name = ?", (_ADDRESS,))
        if url is not None:
            change.execute("insert into setting (name, value) values (?, ?)", (_ADDRESS, url))


def queue(change: sqlite3.Connection, messages: Sequence[Mapping[str, Any]]) -> None:
    """Queue the receipts of a call's messages: one array for those whose fate is known at the same moment."""
    address = change.execute("select value from setting where name = ?", (_ADDRESS,)).fetchone()
    if address is None:
        return
    for moment in sorted({message["delivered_at"] for message in messages}):
        reports = [_report(message) for message in messages if message["delivered_at"] == moment]
        deliveries.queue(
            change,
            kind=RECEIPT,
            subject=messages[0]["biz_id"],
            url=address["value"],
            event="SmsReport",
            content={"reports": reports},
            serial=None,
            due_at=moment,
        )


def _report(message: Mapping[str, Any]) -> dict[str, Any]:
    is_delivered, characters = message["err_code"] == DELIVERED, len(message["text"])
    return {
        "phone_number": message["phone"],
        "send_time": plain(message["accepted_at"]),
        "report_time": plain(message["delivered_at"]),
        "success": is_delivered,
        "err_code": message["err_code"],
        "err_msg": "用户接收成功" if is_delivered else "用户接收失败",
        "sms_size": str(1 if characters <= ONE_PART else -(-characters // LONG_PART)),
        "biz_id": message["biz_id"],
        "out_id": message["out_id"] or "",
    }
