"""Asking for a code, with the send in the middle, and the sign-ins whose evidence outlives a refusal."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from core import faults, ids
from core.crypto.tokens import LIFETIME, Identity, TokenKeys
from core.crypto.vault import Vault, mask_phone
from core.db import Database
from services.identity import operations, rules
from services.identity.errors import CodeIsBurnt, CodesExhausted, CodeWrong, InvalidPhone, RefreshRefused, SignInLimited
from services.identity.models import OpenedBy
from services.identity.operations import (
    Challenge,
    CodeAccepted,
    CodeBurnt,
    CodeRefused,
    Exhausted,
    Limited,
    OpenedSession,
    Rotated,
    Withheld,
)
from services.identity.ports import SMS_SENDER, Purpose, Sending, WechatPerson

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """The supplier's part of sending codes: where local numbers belong, whose day counts, how many a day may cost."""

    region: str
    zone: ZoneInfo
    daily_budget: int


@dataclass(frozen=True, slots=True)
class CodeRequested:
    """What a caller learns who asked for a code: the same for every number."""

    phone_masked: str
    expires_in_s: int
    digits: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens and whose it is."""

    user_id: UUID
    session_id: UUID
    access_token: str
    expires_in_s: int
    refresh_token: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"Tokens({self.session_id})"


def request_code(
    db: Database,
    *,
    vault: Vault,
    policy: CodePolicy,
    phone: str,
    device: str,
    address: str,
    locale: str,
    now: datetime,
    purpose: Purpose = Purpose.SIGN_IN,
) -> CodeRequested:
    """Send a one-time code to a telephone, unless a limit forbids it.

    A number that had too many codes gets none, and the answer and all statements are the same; so they are when the
    provider refuses or never answers. Raises InvalidPhone, SignInLimited (device or network), CodesExhausted. `device`
    is a random text that the caller must bring along with the code.
    """
    number = canonical(phone, policy.region)
    with db.write() as session:
        granted = operations.grant_code(
            session,
            vault=vault,
            phone=number,
            device=device,
            address=address,
            purpose=purpose,
            day=now.astimezone(policy.zone).date(),
            daily_budget=policy.daily_budget,
            now=now,
        )
        faults.point("identity.request_code.before_grant_commit")
    faults.point("identity.request_code.granted")
    match granted:
        case Limited(retry_after_s):
            raise SignInLimited(retry_after_s=retry_after_s)
        case Exhausted():
            log.error("codes_exhausted", daily_budget=policy.daily_budget)
            raise CodesExhausted
        case Withheld(challenge_id):
            _record(db, challenge_id, None)
        case Challenge():
            _record(db, granted.id, _send(granted, phone=number, locale=locale))
    return CodeRequested(mask_phone(number), int(rules.CODE_LIFETIME.total_seconds()), rules.CODE_DIGITS)


def _send(challenge: Challenge, *, phone: str, locale: str) -> Sending:
    """Hand the code to the provider.

    A crash on the way needs no repair: the code is good, and its person asks for another if none came.
    """
    faults.point("identity.request_code.before_send")
    sending = SMS_SENDER.get().send_code(phone=phone, code=challenge.code, locale=locale, reference=str(challenge.id))
    faults.point("identity.request_code.sent")
    if sending is not Sending.ACCEPTED:
        log.warning("code_not_accepted", challenge_id=str(challenge.id), sending=sending)
    return sending


def _record(db: Database, challenge_id: UUID, sending: Sending | None) -> None:
    with db.write() as session:
        operations.record_sending(session, challenge_id=challenge_id, sending=sending)
        faults.point("identity.request_code.before_outcome_commit")
    faults.point("identity.request_code.outcome_recorded")


def sign_in(
    db: Database,
    *,
    vault: Vault,
    keys: TokenKeys,
    policy: CodePolicy,
    phone: str,
    code: str,
    device: str,
    device_name: str,
    address: str,
    locale: str,
    now: datetime,
) -> Tokens:
    """Exchange a code for tokens of a new session, and for a profile when the number is new.

    Raises, after the try is committed, CodeWrong or CodeIsBurnt; InvalidPhone.
    """
    number = canonical(phone, policy.region)
    with db.write() as session:
        result = operations.verify_code(
            session,
            vault=vault,
            phone=number,
            device=device,
            code=code,
            purpose=Purpose.SIGN_IN,
            locale=locale,
            now=now,
        )
        opened = None
        if isinstance(result, CodeAccepted):
            opened = operations.open_app_session(
                session,
                user_id=result.user_id,
                opened_by=OpenedBy.CODE,
                device_name=device_name,
                address=address,
                now=now,
            )
        faults.point("identity.sign_in.before_commit")
    faults.point("identity.sign_in.committed")
    return tokens_of(keys, _opened(result, opened), now=now)


def sign_in_browser(
    db: Database,
    *,
    vault: Vault,
    policy: CodePolicy,
    phone: str,
    code: str,
    device: str,
    user_agent: str,
    address: str,
    locale: str,
    now: datetime,
    previous_token: str | None = None,
    wechat: WechatPerson | None = None,
) -> OpenedSession:
    """Exchange a code for a new browser session, whose `secret` goes into the cookie.

    The session of `previous_token`, the cookie that the browser had before, ends. Whoever came by WeChat signs in by it
    from now on, unless it is somebody else's already. Raises, after the try is committed,
    CodeWrong or CodeIsBurnt; InvalidPhone.
    """
    number = canonical(phone, policy.region)
    with db.write() as session:
        result = operations.verify_code(
            session,
            vault=vault,
            phone=number,
            device=device,
            code=code,
            purpose=Purpose.SIGN_IN,
            locale=locale,
            now=now,
        )
        opened = None
        if isinstance(result, CodeAccepted):
            opened = operations.open_portal_session(
                session,
                user_id=result.user_id,
                opened_by=OpenedBy.CODE,
                user_agent=user_agent,
                address=address,
                now=now,
                previous_token=previous_token,
            )
        if opened is not None and wechat is not None:
            operations.join_wechat(
                session, vault=vault, person=wechat, user_id=opened.user_id, address=address, now=now
            )
        faults.point("identity.sign_in_browser.before_commit")
    faults.point("identity.sign_in_browser.committed")
    return _opened(result, opened)


def refresh(db: Database, *, vault: Vault, keys: TokenKeys, refresh_token: str, address: str, now: datetime) -> Tokens:
    """Exchange a refresh token for a new pair; repeated within ten seconds, for the same successor.

    Raises RefreshRefused after the commit: what a reused token ended stays ended.
    """
    with db.write() as session:
        result = operations.refresh(session, vault=vault, token=refresh_token, address=address, now=now)
        faults.point("identity.refresh.before_commit")
    faults.point("identity.refresh.committed")
    if not isinstance(result, Rotated):
        log.warning("refresh_refused", verdict=type(result).__name__)
        raise RefreshRefused
    return tokens_of(keys, OpenedSession(result.session_id, result.user_id, result.refresh_token), now=now)


def canonical(phone: str, region: str) -> str:
    """The one form of a telephone number; raises InvalidPhone."""
    number = rules.canonical_phone(phone, region=region)
    if number is None:
        raise InvalidPhone
    return number


def _opened(result: CodeAccepted | CodeRefused | CodeBurnt, opened: OpenedSession | None) -> OpenedSession:
    match result:
        case CodeRefused():
            raise CodeWrong
        case CodeBurnt():
            raise CodeIsBurnt
        case CodeAccepted():
            assert opened is not None  # noqa: S101 -- opened in the same transaction as the acceptance
            return opened


def tokens_of(keys: TokenKeys, opened: OpenedSession, *, now: datetime) -> Tokens:
    """A pair of tokens for a session that was opened or went on just now."""
    identity = Identity(str(opened.user_id), opened.session_id, "user", frozenset(), int((now + LIFETIME).timestamp()))
    return Tokens(
        user_id=opened.user_id,
        session_id=opened.session_id,
        access_token=keys.issue(identity, token_id=ids.uuid7(), now=now),
        expires_in_s=int(LIFETIME.total_seconds()),
        refresh_token=opened.secret,
    )
