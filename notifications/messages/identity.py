"""Messages about signing in."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from core.db import WriteSession
from core.outbox import Delivery
from notifications.audience import of_user
from notifications.queueing import Fact, tell
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import moment_param
from services.identity import queries as identity
from services.identity.events import DataExportTaken, SessionFamilyRevoked, WechatJoined

TTL: Final = timedelta(days=30)
TEMPLATES: Final = {"reuse": "device_signed_out_for_safety", "revoked": "device_signed_out"}
"""Signing out on the spot, and in again in the same browser, is nothing that its person needs to be told."""


def signed_out(session: WriteSession, delivery: Delivery, event: SessionFamilyRevoked) -> None:
    """Tell a person that one of their devices was signed out, and why.

    Once per device, in the inbox alone:
    what protects the person has happened already.
    """
    template = TEMPLATES.get(event.why)
    device = identity.device_name(session, session_id=UUID(event.session_id))
    if template is None or device is None:
        return
    setup = SETUP.get()
    fact = Fact(
        intent=f"session_revoked:{event.session_id}",
        template=template,
        params={
            "device": device,
            "at": moment_param(delivery.occurred_at),
            "hotline": setup.settings.supplier_hotline,
        },
        link="/me",
        ttl=TTL,
        priority=Priority.PROMPT,
    )
    audience = of_user(session, setup=setup, user_id=UUID(event.user_id))
    tell(session, setup=setup, fact=fact, audience=[replace(person, phone=None) for person in audience])


def wechat_joined(session: WriteSession, delivery: Delivery, event: WechatJoined) -> None:
    """Tell a person that one more WeChat signs them in: if they did not do it, somebody held their telephone."""
    _warn(session, delivery, user_id=event.user_id, intent=f"wechat_joined:{event.identity_id}")


def data_export_taken(session: WriteSession, delivery: Delivery, event: DataExportTaken) -> None:
    """Tell a person that the copy of their data was taken: if they did not do it, somebody held their telephone."""
    _warn(session, delivery, user_id=event.user_id, intent=f"data_export_taken:{event.export_id}")


def _warn(session: WriteSession, delivery: Delivery, *, user_id: str, intent: str) -> None:
    """Once, in the inbox, which all their devices read."""
    setup = SETUP.get()
    fact = Fact(
        intent=intent,
        template=intent.partition(":")[0],
        params={"at": moment_param(delivery.occurred_at), "hotline": setup.settings.supplier_hotline},
        link="/me",
        ttl=TTL,
        priority=Priority.PROMPT,
    )
    audience = of_user(session, setup=setup, user_id=UUID(user_id))
    tell(session, setup=setup, fact=fact, audience=[replace(person, phone=None) for person in audience])
