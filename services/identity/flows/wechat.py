"""Signing in by WeChat: its code is exchanged with no transaction open, and nothing is written before all is known.

A crash on the way needs no repair: what was not committed has not happened, and the client has a fresh code at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core import faults
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from services.identity import operations, queries
from services.identity.errors import (
    FreshSignInNeeded,
    SignInLimited,
    WechatAppUnknown,
    WechatBusy,
    WechatCodeWrong,
    WechatPhoneNeeded,
    WechatRefused,
    WechatTaken,
)
from services.identity.flows.codes import Tokens, canonical, tokens_of
from services.identity.models import OpenedBy
from services.identity.operations import OpenedSession
from services.identity.ports import (
    WECHAT,
    WechatAway,
    WechatCodeRefused,
    WechatDistrusts,
    WechatKind,
    WechatPerson,
)
from services.identity.queries import WechatView


@dataclass(frozen=True, slots=True)
class DeviceAsking:
    """Where somebody signs in: `id` is the device's own random text, `name` what its person will read of it."""

    id: str = field(repr=False)
    name: str
    address: str
    locale: str


@dataclass(frozen=True, slots=True)
class BrowserMet:
    """Who looks through a browser inside WeChat; `opened` when that WeChat is joined to a person."""

    person: WechatPerson
    opened: OpenedSession | None


def sign_in_by_wechat(
    db: Database,
    *,
    vault: Vault,
    keys: TokenKeys,
    region: str,
    appid: str,
    code: str,
    phone_code: str | None,
    device: DeviceAsking,
    now: datetime,
) -> Tokens:
    """Exchange a code of WeChat for tokens of a new session.

    A WeChat that nobody has joined needs `phone_code`, the proof of a telephone number: it joins whoever has that
    number, or makes their profile. A known one does not use it. Raises WechatAppUnknown, SignInLimited,
    WechatCodeWrong, WechatRefused, WechatBusy, WechatPhoneNeeded, InvalidPhone; nothing is half-done then.
    """
    person = _meet(db, vault=vault, appid=appid, code=code, device=device.id, address=device.address, now=now)
    with db.read() as session:
        is_known = queries.user_of_wechat(session, vault=vault, person=person) is not None
    phone = None if is_known else _phone(appid=appid, code=phone_code, region=region)
    with db.write() as session:
        user_id = operations.sign_in_wechat(
            session,
            vault=vault,
            person=person,
            phone=phone,
            locale=device.locale,
            address=device.address,
            now=now,
        )
        opened = (
            None
            if user_id is None
            else operations.open_app_session(
                session,
                user_id=user_id,
                opened_by=OpenedBy.WECHAT,
                device_name=device.name,
                address=device.address,
                now=now,
            )
        )
        faults.point("identity.wechat.before_commit")
    faults.point("identity.wechat.committed")
    if opened is None:  # unlinked while the platform was asked
        raise WechatPhoneNeeded
    return tokens_of(keys, opened, now=now)


def meet_browser(
    db: Database, *, vault: Vault, appid: str, code: str, device: DeviceAsking, now: datetime
) -> WechatPerson:
    """Who looks through a browser inside WeChat, by the code that it brought.

    Raises as `sign_in_by_wechat` does for a code.
    """
    return _meet(db, vault=vault, appid=appid, code=code, device=device.id, address=device.address, now=now)


def sign_in_browser_by_wechat(
    db: Database,
    *,
    vault: Vault,
    appid: str,
    code: str,
    device: DeviceAsking,
    now: datetime,
    previous_token: str | None = None,
) -> BrowserMet:
    """Exchange a code that a browser inside WeChat brought, and sign its person in if that WeChat is joined.

    The session of `previous_token`, the cookie that the browser had before, ends then. Raises as `sign_in_by_wechat`,
    but needs no telephone: whoever is met and not known signs in by one, and joins by that. `device.name` is the
    browser's User-Agent.
    """
    person = _meet(db, vault=vault, appid=appid, code=code, device=device.id, address=device.address, now=now)
    with db.write() as session:
        user_id = operations.sign_in_wechat(
            session, vault=vault, person=person, phone=None, locale=device.locale, address=device.address, now=now
        )
        opened = (
            None
            if user_id is None
            else operations.open_portal_session(
                session,
                user_id=user_id,
                opened_by=OpenedBy.WECHAT,
                user_agent=device.name,
                address=device.address,
                now=now,
                previous_token=previous_token,
            )
        )
        faults.point("identity.wechat_browser.before_commit")
    faults.point("identity.wechat_browser.committed")
    return BrowserMet(person, opened)


def add_wechat(
    db: Database,
    *,
    vault: Vault,
    user_id: UUID,
    session_id: UUID,
    appid: str,
    code: str,
    address: str,
    now: datetime,
) -> WechatView:
    """Join a WeChat, by its code, to whoever has signed in by a one-time code a moment ago.

    They sign in by it from now on. Raises FreshSignInNeeded, before WeChat is asked; WechatTaken; and as
    `sign_in_by_wechat` does for a code. Counted with sign-ins by WeChat, for the person as for a device.
    """
    with db.read() as session:
        if not queries.is_fresh(session, session_id=session_id, now=now):
            raise FreshSignInNeeded
    person = _meet(db, vault=vault, appid=appid, code=code, device=f"user:{user_id}", address=address, now=now)
    with db.write() as session:
        joined = operations.add_wechat(
            session,
            vault=vault,
            person=person,
            user_id=user_id,
            session_id=session_id,
            address=address,
            now=now,
        )
        faults.point("identity.wechat_added.before_commit")
    faults.point("identity.wechat_added.committed")
    if joined is None:
        raise WechatTaken
    return joined


def payer_of_code(*, appid: str, code: str) -> WechatPerson:
    """Who pays inside WeChat, by a fresh code of the application. Raises as `sign_in_by_wechat` does for a code."""
    person = _exchange(appid, code)
    faults.point("identity.wechat.payer_known")
    return person


def _meet(
    db: Database, *, vault: Vault, appid: str, code: str, device: str, address: str, now: datetime
) -> WechatPerson:
    if appid not in WECHAT.get().apps:
        raise WechatAppUnknown
    with db.write() as session:
        limited = operations.admit_wechat(session, vault=vault, device=device, address=address, now=now)
        faults.point("identity.wechat.before_count")
    faults.point("identity.wechat.counted")
    if limited is not None:
        raise SignInLimited(retry_after_s=limited.retry_after_s)
    person = _exchange(appid, code)
    faults.point("identity.wechat.exchanged")
    return person


def _exchange(appid: str, code: str) -> WechatPerson:
    if appid not in WECHAT.get().apps:
        raise WechatAppUnknown
    with _refusals():
        return WECHAT.get().exchange_code(appid=appid, code=code)


def _phone(*, appid: str, code: str | None, region: str) -> str:
    """The proved number of somebody new; nobody is asked for one that they did not offer."""
    if code is None or WECHAT.get().apps[appid] is not WechatKind.MINI_PROGRAM:
        raise WechatPhoneNeeded
    with _refusals():
        told = WECHAT.get().fetch_phone(appid=appid, code=code)
    faults.point("identity.wechat.phone_fetched")
    return canonical(told, region)


@contextmanager
def _refusals() -> Iterator[None]:
    """What the platform says, as our own callers are told."""
    try:
        yield
    except WechatCodeRefused as error:
        raise WechatCodeWrong from error
    except WechatDistrusts as error:
        raise WechatRefused from error
    except WechatAway as error:
        raise WechatBusy from error
