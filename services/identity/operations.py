"""Codes are granted and checked, sessions opened, renewed and ended, inside a transaction that the caller commits.

What must survive a refusal comes back as a result; the edge turns it into an error after the commit.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit, ids, outbox
from core.audit import Actor
from core.crypto.vault import Vault, mask_phone
from core.db import ReadSession, Statement, WriteSession, statement
from services.identity import rules
from services.identity.events import SessionFamilyRevoked
from services.identity.models import LimitKind, RevokedWhy, SessionKind
from services.identity.ports import Purpose, Sending
from services.identity.queries import owner_of
from services.identity.rules import Limit, Verdict

WITHHELD: Final = "withheld"
CODES_KEY: Final = "codes"
REFRESH_KEY: Final = "refresh"

APP_IDLE: Final = timedelta(days=30)
APP_LIFE: Final = timedelta(days=180)
BROWSER_IDLE: Final = timedelta(days=7)
BROWSER_LIFE: Final = timedelta(days=30)
KEEP: Final = timedelta(days=30)
"""How long spent codes and ended sessions are kept as evidence."""
PURGE_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code that is to be sent. Holds the code in clear for the one send; its repr does not show it."""

    id: UUID
    code: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"Challenge({self.id})"


@dataclass(frozen=True, slots=True)
class Withheld:
    """The phone had too many codes: nothing is to be sent, and the caller is not told."""


@dataclass(frozen=True, slots=True)
class Limited:
    """The device or network had too many codes; told to the caller."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The day's codes are used up."""


@dataclass(frozen=True, slots=True)
class CodeAccepted:
    """The code was right and is used; `is_new` when this was the person's first sign-in."""

    user_id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """No living code of this phone, purpose and device has these digits."""


@dataclass(frozen=True, slots=True)
class CodeBurnt:
    """The code had its five tries."""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session with its secret: a refresh token or a cookie value, never stored."""

    session_id: UUID
    user_id: UUID
    secret: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"OpenedSession({self.session_id})"


@dataclass(frozen=True, slots=True)
class Rotated:
    """The refresh token was good: its successor, and whose it is."""

    session_id: UUID
    user_id: UUID
    refresh_token: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"Rotated({self.session_id})"


@dataclass(frozen=True, slots=True)
class Reused:
    """An old refresh token came back: the session is ended, by this very transaction."""

    session_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class UnknownToken:
    """No living session has this refresh token."""


@dataclass(frozen=True, slots=True)
class PortalSession:
    """Who a browser's cookie belongs to."""

    session_id: UUID
    user_id: UUID
    phone_masked: str


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows one purge took away."""

    challenges: int
    limits: int
    sessions: int


_SPEND: Final = """
insert into sign_in_budget as b (day, sent) values (:day, 1)
on conflict (day) do update set sent = b.sent + 1 where b.sent < :most returning b.sent
"""
_CHALLENGE: Final = """
insert into otp_challenge
  (id, phone_blind, device_blind, purpose, code_hash, state, tries, sending, created_at, expires_at)
values (:id, :phone, :device, :purpose, :code_hash, 'open', 0, :sending, :now, :expires_at)
"""


def within_limit(session: WriteSession, *, kind: LimitKind, key: bytes, limit: Limit, now: datetime) -> bool:
    """Count one more code for a phone, device or network, unless the limit is reached.

    Exact however many ask at once.
    """
    granted = session.sql(
        _sql("count_code.sql"), kind=kind.value, key=key, now=now, per_hour=limit.per_hour, per_day=limit.per_day
    )
    return granted.scalar_one_or_none() is not None


def grant_code(
    session: WriteSession,
    *,
    vault: Vault,
    phone: str,
    device: str,
    address: str,
    purpose: Purpose,
    day: date,
    daily_budget: int,
    now: datetime,
) -> Challenge | Withheld | Limited | Exhausted:
    """Count a request for a code and, when every limit allows it, make one that voids the phone's earlier code.

    Reads nothing of people: a known and an unknown number take the same statements. `phone` is canonical, `day` the
    business day.
    """
    for kind, owner, limit in (
        (LimitKind.ADDRESS, rules.address_group(address), rules.ADDRESS_LIMIT),
        (LimitKind.DEVICE, device, rules.DEVICE_LIMIT),
    ):
        key = vault.blind(f"sign_in.{kind}", owner)
        if not within_limit(session, kind=kind, key=key, limit=limit, now=now):
            return Limited(_retry_after_s(session, kind=kind, key=key, limit=limit, now=now))
    phone_blind = vault.blind("app_user.phone", phone)
    facts = {
        "id": ids.uuid7(),
        "phone": phone_blind,
        "device": vault.blind("sign_in.device", device),
        "purpose": purpose.value,
        "now": now,
        "expires_at": now + rules.CODE_LIFETIME,
    }
    if not within_limit(session, kind=LimitKind.PHONE, key=phone_blind, limit=rules.PHONE_LIMIT, now=now):
        # Random bytes instead of a hash: tries are counted as ever, none can succeed.
        session.sql(_CHALLENGE, **facts, code_hash=secrets.token_bytes(32), sending=WITHHELD)
        return Withheld()
    if session.sql(_SPEND, day=day, most=daily_budget).scalar_one_or_none() is None:
        return Exhausted()
    session.sql(
        """update otp_challenge set state = 'voided'
           where phone_blind = :phone and purpose = :purpose and state = 'open'
             and sending is distinct from 'withheld'""",
        phone=phone_blind,
        purpose=purpose.value,
    )
    challenge = Challenge(ids.uuid7(), f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}}")
    digest = rules.code_hash(
        vault.subkey(CODES_KEY),
        challenge_id=challenge.id,
        phone=phone,
        purpose=purpose,
        device=device,
        code=challenge.code,
    )
    session.sql(_CHALLENGE, **{**facts, "id": challenge.id}, code_hash=digest, sending=None)
    return challenge


def record_sending(session: WriteSession, *, challenge_id: UUID, sending: Sending) -> None:
    """Keep what the provider said. The code stays good whatever it was: a lost answer does not mean a lost message."""
    session.sql("update otp_challenge set sending = :sending where id = :id", sending=sending.value, id=challenge_id)


def verify_code(
    session: WriteSession,
    *,
    vault: Vault,
    phone: str,
    device: str,
    code: str,
    purpose: Purpose,
    locale: str,
    now: datetime,
) -> CodeAccepted | CodeRefused | CodeBurnt:
    """Try a code; the right one signs its phone in, and up when the number is new.

    Commit whatever comes back: it holds the count of tries. Tries count against the code that this device asked for:
    another device can neither use it nor burn it. `phone` is canonical.
    """
    typed = rules.canonical_code(code)
    if typed is None:
        return CodeRefused()
    phone_blind = vault.blind("app_user.phone", phone)
    found = session.sql(
        _sql("find_challenge.sql"),
        phone=phone_blind,
        purpose=purpose.value,
        device=vault.blind("sign_in.device", device),
        now=now,
    ).one_or_none()
    if found is None:
        return CodeRefused()
    if found.state == "burnt":
        return CodeBurnt()
    digest = rules.code_hash(
        vault.subkey(CODES_KEY), challenge_id=found.id, phone=phone, purpose=purpose, device=device, code=typed
    )
    if not hmac.compare_digest(digest, bytes(found.code_hash)):
        is_burnt = found.tries + 1 >= rules.MAX_TRIES
        session.sql(
            "update otp_challenge set tries = tries + 1, state = :state where id = :id",
            state="burnt" if is_burnt else "open",
            id=found.id,
        )
        return CodeBurnt() if is_burnt else CodeRefused()
    session.sql("update otp_challenge set state = 'used' where id = :id", id=found.id)
    return _sign_up(session, vault=vault, phone=phone, locale=locale, now=now)


def open_app_session(
    session: WriteSession, *, user_id: UUID, device_name: str, address: str, now: datetime
) -> OpenedSession:
    """Sign an app in: a session whose secret is its first refresh token."""
    opened = _open(session, user_id=user_id, kind=SessionKind.APP, device_name=device_name, address=address, now=now)
    _keep_token(session, family_id=opened.session_id, generation=1, token=opened.secret)
    return opened


def open_portal_session(
    session: WriteSession,
    *,
    user_id: UUID,
    user_agent: str,
    address: str,
    now: datetime,
    previous_token: str | None = None,
) -> OpenedSession:
    """Sign a browser in: a session whose secret is its cookie, always a new one.

    The session of the cookie it had before ends.
    """
    if previous_token is not None:
        _replace(session, token=previous_token, address=address, now=now)
    name = rules.browser_name(user_agent)
    return _open(session, user_id=user_id, kind=SessionKind.BROWSER, device_name=name, address=address, now=now)


def resolve_portal_session(session: WriteSession, *, token: str, now: datetime) -> PortalSession | None:
    """Whose cookie this is, None when its session is over.

    One statement, which also notes the use (at most every ten minutes).
    """
    row = session.sql(
        _sql("resolve_portal_session.sql"),
        hash=rules.secret_hash(token),
        now=now,
        idle_until=now + BROWSER_IDLE,
        stale=now - rules.TOUCH_EVERY,
    ).one_or_none()
    return None if row is None else PortalSession(row.id, row.user_id, row.phone_masked)


def close_session(session: WriteSession, *, user_id: UUID, session_id: UUID, address: str, now: datetime) -> bool:
    """Sign a person's own device out (from this device).

    False when that session is not theirs or is over. Publishes SessionFamilyRevoked.
    """
    return _end(session, user_id=user_id, session_id=session_id, why=RevokedWhy.SIGNED_OUT, address=address, now=now)


def revoke_device(session: WriteSession, *, user_id: UUID, session_id: UUID, address: str, now: datetime) -> bool:
    """Sign one of a person's devices out from another, at once.

    False when it is not theirs or is over. Publishes SessionFamilyRevoked.
    """
    return _end(session, user_id=user_id, session_id=session_id, why=RevokedWhy.REVOKED, address=address, now=now)


def refresh(
    session: WriteSession, *, vault: Vault, token: str, address: str, now: datetime
) -> Rotated | Reused | UnknownToken:
    """Exchange a refresh token for its successor; of many at once all get the same. Commit whatever comes back.

    A token that was rotated more than ten seconds ago, or whose successor was used, ends the session: Reused, with
    SessionFamilyRevoked.
    """
    found = session.sql(_sql("find_family.sql"), hash=rules.secret_hash(token), now=now).one_or_none()
    if found is None:
        return UnknownToken()
    verdict = rules.judge(presented=found.presented, current=found.current, rotated_at=found.rotated_at, now=now)
    if verdict is Verdict.REUSED:
        _end(session, user_id=found.user_id, session_id=found.id, why=RevokedWhy.REUSE, address=address, now=now)
        return Reused(found.id, found.user_id)
    following = rules.successor(vault.subkey(REFRESH_KEY), token)
    if verdict is Verdict.CURRENT:
        session.sql(
            """update session_family set generation = generation + 1, rotated_at = :now, last_used_at = :now,
                 idle_until = least(expires_at, :idle_until) where id = :id""",
            id=found.id,
            now=now,
            idle_until=now + APP_IDLE,
        )
        _keep_token(session, family_id=found.id, generation=found.current + 1, token=following)
    return Rotated(found.id, found.user_id, following)


def purge_spent(session: WriteSession, *, now: datetime) -> Purged:
    """Forget codes and ended sessions older than 30 days, and counters that limit nothing any more.

    At most 10,000 rows of each per call: the job calls again until nothing is left.
    """
    most = PURGE_AT_ONCE
    challenges = session.sql(
        "delete from otp_challenge where id in (select id from otp_challenge where created_at < :before limit :most)",
        before=now - KEEP,
        most=most,
    ).rowcount
    limits = session.sql(_sql("purge_limits.sql"), before=now - rules.DAY, most=most).rowcount
    sessions = session.sql(_sql("purge_sessions.sql"), before=now - KEEP, most=most).rowcount
    session.sql("delete from sign_in_budget where day < :before", before=(now - KEEP).date())
    return Purged(challenges, limits, sessions)


def _sql(name: str) -> Statement:
    return statement(__package__, name)


def _sign_up(session: WriteSession, *, vault: Vault, phone: str, locale: str, now: datetime) -> CodeAccepted:
    user_id = ids.uuid7()
    row = session.sql(
        _sql("sign_up.sql"),
        id=user_id,
        sealed=vault.seal(table="app_user", column="phone", owner=owner_of(user_id), text=phone),
        phone=vault.blind("app_user.phone", phone),
        masked=mask_phone(phone),
        locale=locale,
        now=now,
    ).one()
    return CodeAccepted(row.id, row.is_new)


def _open(
    session: WriteSession, *, user_id: UUID, kind: SessionKind, device_name: str, address: str, now: datetime
) -> OpenedSession:
    opened = OpenedSession(ids.uuid7(), user_id, secrets.token_urlsafe(32))
    idle, life = (APP_IDLE, APP_LIFE) if kind is SessionKind.APP else (BROWSER_IDLE, BROWSER_LIFE)
    session.sql(
        _sql("open_session.sql"),
        id=opened.session_id,
        user_id=user_id,
        kind=kind.value,
        name=rules.device_name(device_name),
        now=now,
        idle_until=now + idle,
        expires_at=now + life,
        browser_hash=rules.secret_hash(opened.secret) if kind is SessionKind.BROWSER else None,
    )
    audit.record(
        session, actor=Actor(f"user:{user_id}", address), act="identity.sign_in", subject=f"session:{opened.session_id}"
    )
    return opened


def _replace(session: WriteSession, *, token: str, address: str, now: datetime) -> None:
    row = session.sql(
        "select id, user_id from session_family where browser_hash = :hash", hash=rules.secret_hash(token)
    ).one_or_none()
    if row is not None:
        _end(session, user_id=row.user_id, session_id=row.id, why=RevokedWhy.REPLACED, address=address, now=now)


def _keep_token(session: WriteSession, *, family_id: UUID, generation: int, token: str) -> None:
    session.sql(
        "insert into refresh_token (token_hash, family_id, generation) values (:hash, :family_id, :generation)",
        hash=rules.secret_hash(token),
        family_id=family_id,
        generation=generation,
    )


def _end(
    session: WriteSession, *, user_id: UUID, session_id: UUID, why: RevokedWhy, address: str, now: datetime
) -> bool:
    ended = session.sql(
        """update session_family set revoked_at = :now, revoked_why = :why
           where id = :id and user_id = :user_id and revoked_at is null and idle_until > :now""",
        id=session_id,
        user_id=user_id,
        why=why.value,
        now=now,
    ).rowcount
    if ended:
        outbox.add(session, SessionFamilyRevoked(session_id=str(session_id), user_id=str(user_id), why=why.value))
        audit.record(
            session,
            actor=Actor(f"user:{user_id}", address),
            act="identity.session_ended",
            subject=f"session:{session_id}",
            after={"why": why.value},
        )
    return bool(ended)


def _retry_after_s(session: ReadSession, *, kind: LimitKind, key: bytes, limit: Limit, now: datetime) -> int:
    hits: list[datetime] = session.sql(
        "select hits from sign_in_limit where kind = :kind and key = :key", kind=kind.value, key=key
    ).scalar_one()
    return rules.retry_after_s(hits, limit, now=now)


def register(session: WriteSession, *, vault: Vault, phone: str, locale: str, now: datetime) -> UUID:
    """The person with this E.164 number, made where missing: for whoever knows people before they sign in."""
    return _sign_up(session, vault=vault, phone=phone, locale=locale, now=now).user_id
