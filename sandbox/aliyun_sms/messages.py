"""Messages of one account: accepted under a BizId, delivered or not, asked for."""

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sandbox.aliyun_sms import receipts
from sandbox.aliyun_sms.receipts import DELIVERED
from sandbox.aliyun_sms.requests import Refused, Text, out_id, read_batch, read_one, read_question
from sandbox.books import Books, note
from sandbox.calls import AFTER
from sandbox.credentials import Platform
from sandbox.faults import Fault, Faults
from sandbox.times import plain

PHONE: Final = "aliyun_sms.phone"
UNDELIVERED: Final = "MK:0011"
LATE_S: Final = 5.0
WAITING, FAILED, RECEIVED = 1, 2, 3
"""What `SendStatus` says."""

CODE_LIMITS: Final = ((60, 1), (3600, 5), (86400, 10))
NOTICE_LIMITS: Final = ((86400, 50),)
"""Seconds, and how many messages of one template may go to one number in them."""

CODES: Final = frozenset({"sign_in_code"})
"""Templates that the provider approved as codes; all others are notices."""


class Messages:
    """What one account sent."""

    def __init__(self, books: Books, platform: Platform, faults: Faults) -> None:
        self._books, self._platform, self._faults = books, platform, faults

    def send(self, params: Mapping[str, str], struck: Mapping[str, Fault]) -> dict[str, Any]:
        """SendSms. Raises Refused; then nothing was sent to anybody."""
        return self._accept(read_one(self._platform, params), out_id(params), struck)

    def send_batch(self, params: Mapping[str, str], struck: Mapping[str, Fault]) -> dict[str, Any]:
        """SendBatchSms: all under one BizId. Raises Refused; then nothing was sent to anybody."""
        return self._accept(read_batch(self._platform, params), out_id(params), struck)

    def details(self, params: Mapping[str, str], _struck: Mapping[str, Fault]) -> dict[str, Any]:
        """QuerySendDetails: a page of the messages to a number on a Beijing day, newest first. Raises Refused."""
        asked, now = read_question(params), time.time()
        where = "phone = ? and accepted_at >= ? and accepted_at < ? and biz_id = coalesce(?, biz_id)"
        begin, end = asked.begin.timestamp(), (asked.begin + timedelta(days=1)).timestamp()
        limits = (asked.phone, begin, end, asked.biz_id)
        total = self._books.all(f"select count(*) as number from message where {where}", *limits)[0]["number"]  # noqa: S608 -- a constant of ours
        rows = self._books.all(
            f"select * from message where {where} order by id desc limit ? offset ?",  # noqa: S608 -- as above
            *limits,
            asked.size,
            (asked.page - 1) * asked.size,
        )
        return {
            **_ok(),
            "TotalCount": total,
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": [_detail(row, now) for row in rows]},
        }

    def newest(self, *, to: str | None = None, most: int = 1000) -> list[dict[str, Any]]:
        """Messages as the books have them, with what is known of each; `to` is a number with or without its country."""
        where = "" if to is None else "where phone = :phone"
        query = f"select * from message {where} order by id desc limit :most"  # noqa: S608 -- constants of ours
        now = time.time()
        return [
            {
                **row,
                "params": json.loads(row["params"]),
                "state": status_of(row, now),
                "answer_dropped": bool(row["answer_dropped"]),
            }
            for row in self._books.all(query, {"phone": bare(to or ""), "most": most})
        ]

    def _accept(self, texts: Sequence[Text], reference: str | None, struck: Mapping[str, Fault]) -> dict[str, Any]:
        if "throttled" in struck:
            raise _limited()
        if fault := struck.get("refused"):
            raise Refused(200, str(fault.value or "isv.AMOUNT_NOT_ENOUGH"), "业务停机")
        biz_id, now = f"{secrets.randbelow(9 * 10**17) + 10**17}^0", time.time()
        is_dropped = bool(struck.keys() & AFTER)
        with self._books.change() as change:
            if "limits" in struck:
                _check_limits(change, texts, now)
            rows = [self._row(text, reference, biz_id, now, is_dropped=is_dropped) for text in texts]
            for row in rows:
                names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
                change.execute(f"insert into message ({names}) values ({places})", row)  # noqa: S608 -- names of ours
            note(change, now, biz_id, accepted=reference, template=texts[0].template, telephones=len(texts))
            if is_dropped:
                note(change, now, biz_id, accepted_answer_dropped=True)
            receipts.queue(change, rows)
        return {**_ok(), "BizId": biz_id}

    def _row(self, text: Text, reference: str | None, biz_id: str, now: float, *, is_dropped: bool) -> dict[str, Any]:
        """A message as the books keep it, its fate decided."""
        fate = self._faults.strike(PHONE)
        late, lost = fate.get("late"), fate.get("undelivered")
        return {
            "phone": text.phone,
            "template_code": text.template_code,
            "template": text.template,
            "locale": text.locale,
            "params": json.dumps(text.params, ensure_ascii=False),
            "text": text.text,
            "out_id": reference,
            "biz_id": biz_id,
            "accepted_at": now,
            "delivered_at": now if late is None else now + float(LATE_S if late.value is None else late.value),
            "err_code": DELIVERED if lost is None else str(lost.value or UNDELIVERED),
            "answer_dropped": int(is_dropped),
        }


def bare(number: str) -> str:
    """A number as the provider keeps it: those of the mainland without their country code, no number with a plus."""
    digits = "".join(character for character in number if character.isdecimal())
    return digits.removeprefix("86") if len(digits) == len("8613800000000") else digits


def status_of(row: Mapping[str, Any], now: float) -> int:
    """What is known of a message by now."""
    if row["delivered_at"] > now:
        return WAITING
    return RECEIVED if row["err_code"] == DELIVERED else FAILED


def _detail(row: Mapping[str, Any], now: float) -> dict[str, Any]:
    status = status_of(row, now)
    return {
        "PhoneNum": row["phone"],
        "SendStatus": status,
        "Content": row["text"],
        "ErrCode": "" if status == WAITING else row["err_code"],
        "OutId": row["out_id"] or "",
        "TemplateCode": row["template_code"],
        "SendDate": plain(row["accepted_at"]),
        "ReceiveDate": "" if status == WAITING else plain(row["delivered_at"]),
    }


def _check_limits(change: sqlite3.Connection, texts: Sequence[Text], now: float) -> None:
    counted = "select count(*) from message where phone = ? and template_code = ? and accepted_at > ?"
    for text in texts:
        for seconds, most in CODE_LIMITS if text.template in CODES else NOTICE_LIMITS:
            sent = change.execute(counted, (text.phone, text.template_code, now - seconds)).fetchone()[0]
            if sent >= most:
                raise _limited()


def _limited() -> Refused:
    return Refused(200, "isv.BUSINESS_LIMIT_CONTROL", "触发号码流控")


def _ok() -> dict[str, Any]:
    return {"Code": "OK", "Message": "OK", "RequestId": request_id()}


def request_id() -> str:
    """The provider's number for a call."""
    return secrets.token_hex(16).upper()
