"""Facts about identity."""

from dataclasses import dataclass
from typing import ClassVar

from core.outbox import Event, register


@register
@dataclass(frozen=True, kw_only=True)
class SessionFamilyRevoked(Event):
    """A signed-in device was signed out.

    `why` is signed_out, revoked (from the list of devices), replaced (a new sign-in in the same browser) or reuse (an
    old refresh token came back: somebody may have stolen it).
    """

    name: ClassVar[str] = "identity.session_family_revoked"
    code: ClassVar[int] = 8

    session_id: str
    user_id: str
    why: str


@register
@dataclass(frozen=True, kw_only=True)
class WechatJoined(Event):
    """Somebody who was signed in may sign in by one more WeChat from now on."""

    name: ClassVar[str] = "identity.wechat_joined"
    code: ClassVar[int] = 24

    identity_id: str
    user_id: str


@register
@dataclass(frozen=True, kw_only=True)
class DataExportTaken(Event):
    """Somebody took the copy of their data, with a code that came to their telephone."""

    name: ClassVar[str] = "identity.data_export_taken"
    code: ClassVar[int] = 26

    export_id: str
    user_id: str
