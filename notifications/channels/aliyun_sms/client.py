"""SendSms and QuerySendDetails."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import structlog

from core.http import Answer, Client, OutcomeUnknown, Unreachable
from notifications.channels.aliyun_sms import receipts
from notifications.channels.aliyun_sms.codes import OK, finding_of
from notifications.channels.aliyun_sms.signature import query_string, sign
from notifications.ports import Outcome, Report, Text
from notifications.states import Finding

log = structlog.get_logger(__name__)

VERSION: Final = "2017-05-25"
PAGE_SIZE: Final = 50
MAX_PAGES: Final = 4
TOTAL_S: Final = 10.0
# Aliyun counts days and writes times in this zone, whatever the supplier's is.
ZONE: Final = timezone(timedelta(hours=8))
_CHINA: Final = "+86"
_STATUS: Final = {"1": Finding.ACCEPTED, "2": Finding.FAILED, "3": Finding.DELIVERED}


class AliyunSms:
    """One account at Aliyun. `templates` maps our template name and language to Aliyun's template code.

    `unit_signs` maps codes of units to signatures; what none of a text's units has, `sign_name` signs.
    """

    name = "aliyun_sms"

    def __init__(
        self,
        http: Client,
        *,
        key_id: str,
        key_secret: str,
        sign_name: str,
        unit_signs: Mapping[str, str],
        templates: Mapping[str, Mapping[str, str]],
        default_locale: str,
    ) -> None:
        self._http = http
        self._key_id = key_id
        self._key_secret = key_secret
        self._sign_name = sign_name
        self._unit_signs = unit_signs
        self._templates = templates
        self._default_locale = default_locale

    def send(self, *, phone: str, text: Text, reference: str, now: datetime) -> Outcome:
        """See SmsChannel. A template without a code is somebody's to fix: AUTH."""
        codes = self._templates.get(text.template, {})
        template_code = codes.get(text.locale) or codes.get(self._default_locale)
        if template_code is None:
            log.error("sms_template_missing", template=text.template, locale=text.locale)
            return Outcome(Finding.AUTH, "template_missing")
        params = {
            "PhoneNumbers": self.wire_number(phone),
            "SignName": self._sign_of(text),
            "TemplateCode": template_code,
            "TemplateParam": json.dumps(text.params, ensure_ascii=False, separators=(",", ":")),
            "OutId": reference,
        }
        outcome, _ = self._call("SendSms", params, now)
        return outcome

    def find(self, *, phone: str, reference: str, sent_at: datetime, now: datetime) -> Outcome:
        """See SmsChannel. A call begun just before midnight may have been counted to the next day: both are asked."""
        for day in sorted({sent_at.astimezone(ZONE).date(), (sent_at + timedelta(minutes=1)).astimezone(ZONE).date()}):
            for page in range(1, MAX_PAGES + 1):
                params = {
                    "PhoneNumber": self.wire_number(phone),
                    "SendDate": day.strftime("%Y%m%d"),
                    "PageSize": str(PAGE_SIZE),
                    "CurrentPage": str(page),
                }
                outcome, answer = self._call("QuerySendDetails", params, now)
                if outcome.finding is not Finding.ACCEPTED:
                    return Outcome(Finding.UNKNOWN, outcome.code, request_ref=outcome.request_ref)
                details = _details(answer)
                if details is None:
                    return Outcome(Finding.UNKNOWN, "unreadable", request_ref=outcome.request_ref)
                for detail in details:
                    if detail.get("OutId") == reference:
                        return _found(detail, outcome.request_ref)
                if len(details) < PAGE_SIZE:
                    break
            else:
                # More messages to one number on one day than we read: it cannot be said that ours is not among them.
                return Outcome(Finding.UNKNOWN, "too_many_details")
        return Outcome(Finding.NOT_FOUND)

    def read_receipts(self, body: bytes) -> list[Report]:
        """See SmsChannel."""
        return receipts.parse(body)

    def receipt_answer(self) -> bytes:
        """See SmsChannel."""
        return receipts.ANSWER

    def wire_number(self, phone: str) -> str:
        """Mainland numbers bare, others with their country code and no plus."""
        return phone.removeprefix(_CHINA) if phone.startswith(_CHINA) else phone.removeprefix("+")

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()

    def _sign_of(self, text: Text) -> str:
        return next((self._unit_signs[unit] for unit in text.units if unit in self._unit_signs), self._sign_name)

    def _call(self, action: str, params: Mapping[str, str], now: datetime) -> tuple[Outcome, dict[str, Any]]:
        query = query_string(params)
        headers = sign(
            key_id=self._key_id,
            secret=self._key_secret,
            host=self._http.host,
            action=action,
            version=VERSION,
            query=query,
            nonce=secrets.token_hex(16),
            now=now,
        )
        try:
            answer = self._http.send("POST", f"/?{query}", headers={**headers, "accept": "application/json"})
        except Unreachable:
            return Outcome(Finding.RETRY, "unreachable"), {}
        except OutcomeUnknown:
            return Outcome(Finding.UNKNOWN, "no_answer"), {}
        return _read(answer)


def _read(answer: Answer) -> tuple[Outcome, dict[str, Any]]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return Outcome(Finding.UNKNOWN, f"http_{answer.status}"), {}
    code = body.get("Code")
    code = code if isinstance(code, str) else None
    finding = finding_of(code, answer.status)
    if finding is Finding.AUTH:
        log.error("sms_refused_us", provider="aliyun_sms", error_code=code)
    return Outcome(finding, None if code == OK else code, _text(body.get("BizId")), _text(body.get("RequestId"))), body


def _details(answer: dict[str, Any]) -> list[dict[str, Any]] | None:
    listed = answer.get("SmsSendDetailDTOs")
    details = listed.get("SmsSendDetailDTO") if isinstance(listed, dict) else None
    if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):
        return None
    return details


def _found(detail: dict[str, Any], request_ref: str | None) -> Outcome:
    finding = _STATUS.get(str(detail.get("SendStatus")), Finding.ACCEPTED)
    code = _text(detail.get("ErrCode")) if finding is Finding.FAILED else None
    return Outcome(finding, code, _text(detail.get("BizId")), request_ref)


def _text(value: object) -> str | None:
    return value[:128] if isinstance(value, str) and value else None
