"""One-time codes: sent at once, within the request of the person who waits.

Nothing of one is stored or repeated here.
"""

from datetime import datetime
from typing import Final

import structlog

from core import clock
from notifications.ports import SmsChannel, Text
from notifications.states import Finding
from services.identity.ports import Sending

log = structlog.get_logger(__name__)

TEMPLATE: Final = "sign_in_code"


class CodeSender:
    """Fills identity's port. `sms` may be None: then every code is refused, and nobody signs in by telephone."""

    def __init__(self, sms: SmsChannel | None) -> None:
        self._sms = sms

    def send_code(self, *, phone: str, code: str, locale: str, reference: str) -> Sending:
        """See identity.ports.SmsSender; bounded by the channel's total deadline."""
        if self._sms is None:
            log.error("sms_switched_off")
            return Sending.REFUSED
        now: datetime = clock.now()
        outcome = self._sms.send(phone=phone, text=Text(TEMPLATE, locale, {"code": code}), reference=reference, now=now)
        if outcome.finding is Finding.ACCEPTED:
            return Sending.ACCEPTED
        log.warning("code_not_sent", finding=outcome.finding.value, error_code=outcome.code)
        return Sending.UNKNOWN if outcome.finding is Finding.UNKNOWN else Sending.REFUSED
