"""Aliyun SMS (Dysmsapi 2017-05-25), RPC style: parameters in the query, ACS3-HMAC-SHA256, answers with a Code."""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from sandbox.books import Books, note
from sandbox.credentials import Platform
from sandbox.orders import BEIJING

VERSION: Final = "2017-05-25"
WINDOW_S: Final = 900
PLACE: Final = re.compile(r"\$\{(\w+)\}")
MAINLAND: Final = re.compile(r"1[3-9][0-9]{9}")
ABROAD: Final = re.compile(r"(?:00)?[1-9][0-9]{7,14}")
_AUTHORIZATION: Final = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


class AliyunError(Exception):
    """A refusal: HTTP status, Code, Message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def signature(
    *,
    secret: str,
    method: str,
    query: list[tuple[str, str]],
    headers: Mapping[str, str],
    signed: list[str],
    body_hash: str,
) -> str:
    """The ACS3 signature of a request."""
    encoded = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(query))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in signed)
    canonical = f"{method}\n/\n{encoded}\n{lines}\n{';'.join(signed)}\n{body_hash}"
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


class Sms:
    """One account's messages."""

    def __init__(self, books: Books, platform: Platform) -> None:
        self._books, self._platform = books, platform

    def check(self, *, method: str, query: str, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, str]]:
        """Verify a request; answers its action and parameters. Raises AliyunError."""
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            raise AliyunError(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
        key_id, names, sent = found.groups()
        if key_id != self._platform.sms_key_id:
            raise AliyunError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        signed = names.split(";")
        needed = {
            "host",
            "x-acs-action",
            "x-acs-version",
            "x-acs-date",
            "x-acs-signature-nonce",
            "x-acs-content-sha256",
        }
        if not needed <= set(signed) or any(name not in headers for name in signed):
            raise AliyunError(400, "IncompleteSignature", "Signed headers are missing.")
        try:
            moment = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise AliyunError(
                400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."
            ) from error
        if abs(time.time() - moment.timestamp()) > WINDOW_S:
            raise AliyunError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        params = parse_qsl(query, keep_blank_values=True)
        body_hash = hashlib.sha256(body).hexdigest()
        expected = signature(
            secret=self._platform.sms_key_secret,
            method=method,
            query=params,
            headers=headers,
            signed=signed,
            body_hash=body_hash,
        )
        if headers["x-acs-content-sha256"] != body_hash or not hmac.compare_digest(expected, sent):
            raise AliyunError(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
        if headers["x-acs-version"] != VERSION:
            raise AliyunError(400, "InvalidVersion", "Specified version is not valid.")
        return headers["x-acs-action"], dict(params)

    def act(self, action: str, params: dict[str, str]) -> dict[str, Any]:
        """Carry out an action; business refusals are answers with a Code."""
        if action == "SendSms":
            return self._send(params)
        if action == "QuerySendDetails":
            return self._details(params)
        raise AliyunError(
            404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."
        )

    def mark_dropped(self, biz_id: str) -> None:
        """The message was accepted and the caller never saw the answer: what the books must say about exactly-once."""
        with self._books.change() as change:
            change.execute("update message set answer_dropped = 1 where biz_id = ?", (biz_id,))
            note(change, time.time(), biz_id, accepted_answer_dropped=True)

    def _send(self, params: dict[str, str]) -> dict[str, Any]:
        phones = params.get("PhoneNumbers", "").split(",")
        known = self._platform.templates.get(params.get("TemplateCode", ""))
        if params.get("SignName") != self._platform.sms_sign_name:
            return _refusal("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        if known is None:
            return _refusal("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法")
        if not all(MAINLAND.fullmatch(phone) or ABROAD.fullmatch(phone) for phone in phones):
            return _refusal("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
        name, locale, text = known
        try:
            values = json.loads(params.get("TemplateParam") or "{}")
        except ValueError:
            return _refusal("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值")
        needed = set(PLACE.findall(text))
        if not isinstance(values, dict) or not needed <= values.keys():
            return _refusal("isv.TEMPLATE_MISSING_PARAMETERS", "模版缺少变量")
        if not all(isinstance(value, str) and len(value) <= 35 for value in values.values()):  # noqa: PLR2004 -- the document's
            return _refusal("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
        rendered = f"【{self._platform.sms_sign_name}】" + PLACE.sub(lambda place: values[place.group(1)], text)
        biz_id, now = f"{secrets.randbelow(10**15)}^0", time.time()
        with self._books.change() as change:
            for phone in phones:
                change.execute(
                    "insert into message (phone, template_code, template, locale, params, text, out_id, biz_id, "
                    "accepted_at, state, delivered_at, "
                    "receipt_due) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 3, ?, ?)",
                    (
                        phone,
                        params["TemplateCode"],
                        name,
                        locale,
                        json.dumps(values),
                        rendered,
                        params.get("OutId"),
                        biz_id,
                        now,
                        now,
                        now,
                    ),
                )
                note(change, now, biz_id, accepted=params.get("OutId"), template=name)
        return {"Code": "OK", "Message": "OK", "BizId": biz_id, "RequestId": _request_id()}

    def _details(self, params: dict[str, str]) -> dict[str, Any]:
        day = params.get("SendDate", "")
        size, page = int(params.get("PageSize", "10")), int(params.get("CurrentPage", "1"))
        if not 1 <= size <= 50:  # noqa: PLR2004 -- the document's
            return _refusal("isv.INVALID_PARAMETERS", "PageSize")
        rows = [
            row
            for row in self._books.all(
                "select * from message where phone = ? order by id desc", params.get("PhoneNumber", "")
            )
            if datetime.fromtimestamp(row["accepted_at"], BEIJING).strftime("%Y%m%d") == day
            and params.get("BizId") in {None, "", row["biz_id"]}
        ]
        details = [
            {
                "PhoneNum": row["phone"],
                "SendStatus": row["state"],
                "Content": row["text"],
                "ErrCode": "DELIVERED" if row["state"] == 3 else "",  # noqa: PLR2004 -- Aliyun's code for delivered
                "OutId": row["out_id"] or "",
                "TemplateCode": row["template_code"],
                "SendDate": datetime.fromtimestamp(row["accepted_at"], BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
                "ReceiveDate": datetime.fromtimestamp(row["delivered_at"], BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            }
            for row in rows[(page - 1) * size : page * size]
        ]
        return {
            "Code": "OK",
            "Message": "OK",
            "RequestId": _request_id(),
            "TotalCount": len(rows),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": details},
        }


def _refusal(code: str, message: str) -> dict[str, Any]:
    return {"Code": code, "Message": message, "RequestId": _request_id()}


def _request_id() -> str:
    return secrets.token_hex(16).upper()
