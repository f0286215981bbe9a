"""What this package wants to hear of; `app.wiring` subscribes."""

from collections.abc import Callable
from typing import Any, Final

from core.outbox import Event
from notifications.messages import accounts, billing, identity, metering, payments
from services.accounts.events import AccessAccepted, AccessEnded, AccessInvited, AccountLinked
from services.billing.events import BillIssued
from services.identity.events import DataExportTaken, SessionFamilyRevoked, WechatJoined
from services.metering.events import OwnReadingDecided
from services.payments.events import PaymentBooked

SUBSCRIPTIONS: Final[list[tuple[type[Event], Callable[..., Any]]]] = [
    (PaymentBooked, payments.receipt),
    (BillIssued, billing.bill_ready),
    (AccountLinked, accounts.linked),
    (AccessInvited, accounts.invited),
    (AccessAccepted, accounts.accepted),
    (AccessEnded, accounts.ended),
    (SessionFamilyRevoked, identity.signed_out),
    (WechatJoined, identity.wechat_joined),
    (OwnReadingDecided, metering.decided),
    (DataExportTaken, identity.data_export_taken),
]
