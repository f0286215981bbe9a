"""People, codes and sessions with meaningful defaults."""

import threading
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock, ids
from core.crypto.tokens import LIFETIME, Identity, TokenKeys
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from services.identity import flows, operations, queries
from services.identity.flows import CodePolicy, CodeRequested
from services.identity.models import OpenedBy
from services.identity.operations import CodeAccepted, OpenedSession
from services.identity.ports import SMS_SENDER, Purpose, Sending, WechatPerson

PHONE: Final = "+8613800138000"
OTHER_PHONE: Final = "+8613900139000"
DEVICE: Final = "device-of-the-test"
ADDRESS: Final = "203.0.113.7"
NOON: Final = datetime(2026, 10, 1, 4, tzinfo=UTC)
POLICY: Final = CodePolicy(region="+86", zone=ZoneInfo("Asia/Shanghai"), daily_budget=1000)


class Telephones:
    """Everybody's telephones: what a person reads there. Stands on the far side of the port, where no code of ours is."""

    def __init__(self, answer: Sending = Sending.ACCEPTED) -> None:
        self.answer = answer
        self._codes: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()

    def send_code(self, *, phone: str, code: str, locale: str, reference: str) -> Sending:
        del reference
        with self._lock:
            self._codes.append((phone, code, locale))
        return self.answer

    def codes(self, phone: str = PHONE) -> list[str]:
        """The codes that came to one telephone, in order."""
        with self._lock:
            return [code for number, code, _ in self._codes if number == phone]

    def count(self) -> int:
        """How many messages came to all telephones together."""
        return len(self._codes)

    def locales(self) -> list[str]:
        """The language of each message."""
        return [locale for _, _, locale in self._codes]


def telephones(answer: Sending = Sending.ACCEPTED) -> Telephones:
    """Fill the port with new telephones."""
    made = Telephones(answer)
    use(made)
    return made


def use(phones: Telephones) -> None:
    """Put these telephones at the far side of the port."""
    SMS_SENDER.fill(phones)


def request_code(
    database: Database,
    vault: Vault,
    *,
    phone: str = PHONE,
    device: str = DEVICE,
    address: str = ADDRESS,
    policy: CodePolicy = POLICY,
    now: datetime = NOON,
) -> CodeRequested:
    """Ask for a code as an app does."""
    return flows.request_code(
        database, vault=vault, policy=policy, phone=phone, device=device, address=address, locale="zh-CN", now=now
    )


def verify(
    database: Database, vault: Vault, code: str, *, phone: str = PHONE, device: str = DEVICE, now: datetime = NOON
) -> CodeAccepted | operations.CodeRefused | operations.CodeBurnt:
    """Try a code in a transaction of its own."""
    with database.write() as session:
        return operations.verify_code(
            session,
            vault=vault,
            phone=phone,
            device=device,
            code=code,
            purpose=Purpose.SIGN_IN,
            locale="zh-CN",
            now=now,
        )


def wrong(code: str) -> str:
    """Six digits that are not the code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def user(session: WriteSession, *, vault: Vault, phone: str = PHONE, now: datetime | None = None) -> UUID:
    """A person with this number; the same person again for the same number, at most five times an hour."""
    now = now or clock.now()
    device = str(ids.uuid7())
    challenge = operations.grant_code(
        session,
        vault=vault,
        phone=phone,
        device=device,
        address=device,
        purpose=Purpose.SIGN_IN,
        day=now.date(),
        daily_budget=10**6,
        now=now,
    )
    assert isinstance(challenge, operations.Challenge), "the factory's own codes reached the limit of this phone"
    found = operations.verify_code(
        session,
        vault=vault,
        phone=phone,
        device=device,
        code=challenge.code,
        purpose=Purpose.SIGN_IN,
        locale="zh-CN",
        now=now,
    )
    assert isinstance(found, CodeAccepted)
    return found.user_id


def app_session(
    session: WriteSession, *, user_id: UUID, name: str = "Phone", now: datetime | None = None
) -> OpenedSession:
    """A signed-in app; its `secret` is the refresh token."""
    return operations.open_app_session(
        session, user_id=user_id, opened_by=OpenedBy.CODE, device_name=name, address=ADDRESS, now=now or clock.now()
    )


def browser_session(session: WriteSession, *, user_id: UUID, now: datetime | None = None) -> OpenedSession:
    """A signed-in browser; its `secret` is the cookie's value."""
    return operations.open_portal_session(
        session,
        user_id=user_id,
        opened_by=OpenedBy.CODE,
        user_agent="Mozilla/5.0 (X11; Linux) Firefox/140.0",
        address=ADDRESS,
        now=now or clock.now(),
    )


def access_token(keys: TokenKeys, opened: OpenedSession, *, now: datetime | None = None) -> str:
    """A bearer token of a session."""
    now = now or clock.now()
    identity = Identity(str(opened.user_id), opened.session_id, "user", frozenset(), int((now + LIFETIME).timestamp()))
    return keys.issue(identity, token_id=ids.uuid7(), now=now)


def join_wechat(
    session: WriteSession,
    vault: Vault,
    *,
    user_id: UUID,
    appid: str,
    openid: str | None = None,
    unionid: str | None = None,
    now: datetime | None = None,
) -> UUID:
    """Let a person sign in by a WeChat; answers the identity."""
    person = WechatPerson(appid, openid or f"o{ids.uuid7().hex[:27]}", unionid)
    assert operations.join_wechat(
        session, vault=vault, person=person, user_id=user_id, address=ADDRESS, now=now or clock.now()
    )
    return next(each.id for each in queries.wechat_identities(session, user_id=user_id) if each.appid == appid)
