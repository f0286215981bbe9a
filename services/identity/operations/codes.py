"""One-time codes: granted within limits, tried at most five times, exchanged for a person."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.crypto.vault import Vault, mask_phone
from core.db import ReadSession, Statement, WriteSession, statement
from services.identity import rules
from services.identity.models import LimitKind
from services.identity.ports import Purpose, Sending
from services.identity.queries import owner_of, phone_blind_of, phone_of
from services.identity.rules import Limit

WITHHELD: Final = "withheld"
CODES_KEY: Final = "codes"


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

    challenge_id: UUID


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


BUDGET_SHARDS: Final = 16
_VOID: Final = """
update otp_challenge set state = 'voided'
where phone_blind = :phone and purpose = :purpose and state = 'open'
  and sending is distinct from 'withheld' and not cast(:is_withheld as boolean)
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

    Reads nothing of people, and a withheld code takes the statements of a sent one: neither a known number nor a
    limited one can be told by the work that is done. `phone` is canonical, `day` the business day.
    """
    for kind, owner, limit in (
        (LimitKind.ADDRESS, rules.address_group(address), rules.ADDRESS_LIMIT),
        (LimitKind.DEVICE, device, rules.DEVICE_LIMIT),
    ):
        key = vault.blind(f"sign_in.{kind}", owner)
        if not within_limit(session, kind=kind, key=key, limit=limit, now=now):
            return Limited(retry_after_s(session, kind=kind, key=key, limit=limit, now=now))
    phone_blind = phone_blind_of(vault, phone)
    is_withheld = not within_limit(session, kind=LimitKind.PHONE, key=phone_blind, limit=rules.PHONE_LIMIT, now=now)
    spent = session.sql(
        _sql("spend_budget.sql"), day=day, shard=_shard(), codes=0 if is_withheld else 1, most=daily_budget
    )
    if spent.scalar_one_or_none() is None:
        return Exhausted()
    session.sql(_VOID, phone=phone_blind, purpose=purpose.value, is_withheld=is_withheld)
    challenge = Challenge(ids.uuid7(), f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}}")
    digest = rules.code_hash(
        vault.subkey(CODES_KEY),
        challenge_id=challenge.id,
        phone=phone,
        purpose=purpose,
        device=device,
        code=challenge.code,
    )
    session.sql(
        _CHALLENGE,
        id=challenge.id,
        phone=phone_blind,
        device=vault.blind("sign_in.device", device),
        purpose=purpose.value,
        # Random bytes instead of a withheld code's hash: tries are counted as ever, none can succeed.
        code_hash=secrets.token_bytes(len(digest)) if is_withheld else digest,
        sending=WITHHELD if is_withheld else None,
        now=now,
        expires_at=now + rules.CODE_LIFETIME,
    )
    return Withheld(challenge.id) if is_withheld else challenge


def _shard() -> int:
    return secrets.randbelow(BUDGET_SHARDS)


def record_sending(session: WriteSession, *, challenge_id: UUID, sending: Sending | None) -> None:
    """Keep what the provider said; None when it was not asked, because the code is withheld.

    The code stays good whatever it was: a lost answer does not mean a lost message.
    """
    session.sql(
        "update otp_challenge set sending = :sending where id = :id",
        sending=WITHHELD if sending is None else sending.value,
        id=challenge_id,
    )


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
    """Try a code; the right one signs its phone in, and up when the number is new. Commit whatever comes back."""
    refused = check_code(session, vault=vault, phone=phone, device=device, code=code, purpose=purpose, now=now)
    return refused or _sign_up(session, vault=vault, phone=phone, locale=locale, now=now)


def check_code(
    session: WriteSession, *, vault: Vault, phone: str, device: str, code: str, purpose: Purpose, now: datetime
) -> CodeRefused | CodeBurnt | None:
    """Try a code; None says that it was right, and is used up.

    Commit whatever comes back: it holds the count of tries. Tries count against the code that this device asked for:
    another device can neither use it nor burn it. `phone` is canonical.
    """
    typed = rules.canonical_code(code)
    if typed is None:
        return CodeRefused()
    phone_blind = phone_blind_of(vault, phone)
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
    return None


def check_own_code(
    session: WriteSession, *, vault: Vault, user_id: UUID, device: str, code: str, purpose: Purpose, now: datetime
) -> CodeRefused | CodeBurnt | None:
    """The same for a code that went to a signed-in person's own telephone."""
    phone = phone_of(session, vault=vault, user_id=user_id)
    if phone is None:
        return CodeRefused()
    return check_code(session, vault=vault, phone=phone, device=device, code=code, purpose=purpose, now=now)


def register(session: WriteSession, *, vault: Vault, phone: str, locale: str, now: datetime) -> UUID:
    """The person with this E.164 number, made where missing: for whoever knows people before they sign in."""
    return _sign_up(session, vault=vault, phone=phone, locale=locale, now=now).user_id


def choose_locale(session: WriteSession, *, user_id: UUID, locale: str, address: str) -> None:
    """The language in which this person is written to from now on; the same again changes nothing.

    `locale` is one that the supplier offers: the caller has made sure.
    """
    before: str | None = session.sql(
        """update app_user u set locale = :locale from app_user o
           where u.id = :id and o.id = u.id and u.locale <> :locale returning o.locale""",
        id=user_id,
        locale=locale,
    ).scalar_one_or_none()
    if before is None:
        return
    audit.record(
        session,
        actor=Actor(f"user:{user_id}", address),
        act="identity.locale_chosen",
        subject=f"user:{user_id}",
        before={"locale": before},
        after={"locale": locale},
    )


def _sign_up(session: WriteSession, *, vault: Vault, phone: str, locale: str, now: datetime) -> CodeAccepted:
    user_id = ids.uuid7()
    row = session.sql(
        _sql("sign_up.sql"),
        id=user_id,
        sealed=vault.seal(table="app_user", column="phone", owner=owner_of(user_id), text=phone),
        phone=phone_blind_of(vault, phone),
        masked=mask_phone(phone),
        locale=locale,
        now=now,
    ).one()
    return CodeAccepted(row.id, row.is_new)


def retry_after_s(session: ReadSession, *, kind: LimitKind, key: bytes, limit: Limit, now: datetime) -> int:
    """Seconds until one more is within the limit."""
    hits: list[datetime] = session.sql(
        "select hits from sign_in_limit where kind = :kind and key = :key", kind=kind.value, key=key
    ).scalar_one()
    return rules.retry_after_s(hits, limit, now=now)


def _sql(name: str) -> Statement:
    return statement(__package__, name)
