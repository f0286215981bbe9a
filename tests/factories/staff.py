"""Staff with meaningful defaults: signed up, granted roles, signed in."""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from uuid import UUID

import pyotp
import pytest

from core import clock, ids
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from services.accounts import operations as accounts
from services.accounts.queries import AccountId, finding
from services.accounts.roles import StaffRole
from services.identity import queries
from services.identity.operations import staff
from services.identity.operations.staff import Accepted, Invited, passwords

PASSWORD: Final = "walrus teaspoon gravel"
ACTOR: Final = Actor("operator:test")
ADDRESS: Final = "203.0.113.7"
FIREFOX: Final = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
NOON: Final = datetime(2026, 10, 1, 4, tzinfo=UTC)
STEP: Final = timedelta(seconds=30)
_numbers = itertools.count(1)
_make = passwords.make


@dataclass
class Member:
    """Somebody who works here, with what they know: `secret` is in their authenticator."""

    staff_id: UUID
    name: str
    secret: str = field(repr=False)
    cookie: str = field(repr=False)
    recovery_codes: list[str] = field(repr=False)

    def code(self, *, at: datetime) -> str:
        """What the authenticator shows at a moment."""
        return pyotp.TOTP(self.secret).at(at)


def invited(session: WriteSession, *, name: str | None = None, now: datetime = NOON, by: UUID | None = None) -> Invited:
    """Somebody who has not joined yet, invited from the command line unless `by` somebody."""
    name = name or f"staff{next(_numbers)}"
    return staff.invite(session, name=name, display_name=f"Staff {name}", told_to=by, actor=ACTOR, now=now)


def member(
    session: WriteSession, vault: Vault, *, name: str | None = None, now: datetime = NOON, by: UUID | None = None
) -> Member:
    """Somebody who joined at `now` and is signed in since."""
    made = invited(session, name=name, now=now, by=by)
    return join(session, vault, made, now=now)


def join(session: WriteSession, vault: Vault, made: Invited, *, now: datetime = NOON) -> Member:
    """Take an invitation up."""
    found = queries.invitation(session, vault=vault, token=made.token, issuer="Test", now=now)
    assert found is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "make", _made_before)
        result = staff.accept(
            session,
            vault=vault,
            token=made.token,
            password=PASSWORD,
            code=pyotp.TOTP(found.secret).at(now),
            names=[],
            user_agent=FIREFOX,
            address=ADDRESS,
            previous_token=None,
            now=now,
        )
    assert isinstance(result, Accepted)
    return Member(made.staff_id, found.name, found.secret, result.signed_in.token, result.recovery_codes)


def _made_before(password: str, *, names: list[str]) -> str:
    """Argon2id is slow by design, and all who join here have one password: it is hashed once per process."""
    del names  # which no name of this module's forbids
    return _hash_of(password)


@cache
def _hash_of(password: str) -> str:
    return _make(password, names=[])


def employ(
    session: WriteSession,
    vault: Vault,
    *,
    role: StaffRole,
    unit: str,
    name: str | None = None,
    now: datetime | None = None,
    valid_to: datetime | None = None,
) -> Member:
    """Somebody who joined, with a role in a unit."""
    now = now or clock.now()
    made = member(session, vault, name=name, now=now)
    grant(session, made.staff_id, role=role, unit=unit, now=now, valid_to=valid_to)
    return made


def grant(
    session: WriteSession,
    staff_id: UUID,
    *,
    role: StaffRole,
    unit: str,
    now: datetime = NOON,
    by: UUID | None = None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> UUID:
    """A role in a unit, from the command line unless `by` somebody."""
    return accounts.grant_role(
        session,
        staff_id=staff_id,
        role=role,
        unit_code=unit,
        by=by,
        actor=ACTOR,
        now=now,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def begin(
    session: WriteSession,
    vault: Vault,
    name: str,
    *,
    password: str = PASSWORD,
    visitor: str = "v",
    now: datetime = NOON,
) -> str:
    """The first half of a sign-in."""
    return staff.begin(session, vault=vault, name=name, password=password, visitor=visitor, now=now)


def enter(
    session: WriteSession,
    vault: Vault,
    ticket: str,
    code: str,
    *,
    visitor: str = "v",
    address: str = ADDRESS,
    previous: str | None = None,
    now: datetime = NOON,
) -> staff.SignedIn | staff.Refused | staff.Held:
    """The second half of a sign-in."""
    return staff.enter_code(
        session,
        vault=vault,
        ticket=ticket,
        visitor=visitor,
        code=code,
        user_agent=FIREFOX,
        address=address,
        previous_token=previous,
        now=now,
    )


def wrong(code: str) -> str:
    """Six digits that are none of the codes around."""
    return f"{(int(code) + 1 + secrets.randbelow(1000)) % 1_000_000:06}"


def note(session: WriteSession, vault: Vault, account_id: int, text: str) -> None:
    """A member of staff writes a note."""
    note_id = ids.uuid7()
    session.sql(
        """insert into account_note (account_id, id, written_by, written_at, text_sealed)
           values (:account, :id, :writer, now(), :sealed)""",
        account=account_id,
        id=note_id,
        writer=invited(session).staff_id,
        sealed=vault.seal(table="account_note", column="text", owner=f"account_note:{note_id}", text=text),
    )


def note_in_clear(session: WriteSession, account_id: int, text: str) -> None:
    """The same by a release that did not seal it."""
    session.sql(
        """insert into account_note (account_id, id, written_by, written_at, text)
           values (:account, :id, :writer, now(), :text)""",
        account=account_id,
        id=ids.uuid7(),
        writer=invited(session).staff_id,
        text=text,
    )


def notes_about(session: ReadSession, vault: Vault, account_id: int) -> list[str]:
    """What notes about an account say, the first first."""
    found = finding.notes(session, account_id=AccountId(account_id), before=UUID(int=2**128 - 1), limit=1000)
    return [each.text for each in reversed(finding.opened(vault, found))]
