"""What staff do for a customer: search, write notes, and see in clear what is masked, for a reason that is kept."""

import enum
from datetime import datetime
from typing import Final
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession
from core.texts import is_line
from services.accounts.errors import NoteWrong, ReasonNeeded, RevealLimited, SearchLimited
from services.accounts.queries.finding import StaffAccount, staff_account
from services.accounts.roles import StaffPermission
from services.accounts.rules import customer_owner, note_owner, premises_owner
from services.identity import operations as identity
from services.identity.operations import Limit

MOST_NOTE: Final = 2_000
LEAST_REASON, MOST_REASON = 5, 200
REVEALS: Final = Limit(60, 200)
"""How much one member of staff may see in clear within an hour and within 24, of whatever kind."""

SEARCH_HOURS: Final = 5
"""How many hours' worth of searches a day allows."""


class Hidden(enum.StrEnum):
    """What is masked."""

    NAME = "name"
    PHONE = "phone"
    DOOR = "door"


def write_note(
    session: WriteSession, *, vault: Vault, account_no: str, text: str, staff_id: UUID, actor: Actor, now: datetime
) -> bool:
    """Write a note about an account, sealed; False where one may not, or where there is no such account.

    Raises NoteWrong for a note of nothing or too much, and for characters that are not seen as they stand.
    """
    lines = [line.rstrip().replace("\t", " ") for line in text.strip().splitlines()]
    kept = "\n".join(lines)
    found = staff_account(
        session, account_no=account_no, staff_id=staff_id, permission=StaffPermission.ACCOUNTS_NOTE, now=now
    )
    if found is None:
        return False
    if not 0 < len(kept) <= MOST_NOTE or not all(is_line(line) for line in lines):
        raise NoteWrong
    note_id = ids.uuid7()
    session.sql(
        """insert into account_note (account_id, id, written_by, written_at, text_sealed)
           values (:account_id, :id, :staff_id, :now, :sealed)""",
        account_id=found.id,
        id=note_id,
        staff_id=staff_id,
        now=now,
        sealed=vault.seal(table="account_note", column="text", owner=note_owner(note_id), text=kept),
    )
    audit.record(
        session,
        actor=actor,
        act="accounts.note_written",
        subject=f"account:{found.id}",
        after={"note_id": str(note_id)},
    )
    return True


def count_search(
    session: WriteSession, *, staff_id: UUID, actor: Actor, per_hour: int, now: datetime
) -> SearchLimited | None:
    """Count one more search of a member of staff, or answer the refusal: `per_hour`, and SEARCH_HOURS as many a day.

    The first refusal of an hour is in the audit log. What was searched for is kept nowhere.
    """
    limit = Limit(per_hour, per_hour * SEARCH_HOURS)
    wait_s = identity.count_lookup(session, key=f"search|{staff_id}".encode(), limit=limit, now=now)
    if wait_s is None:
        return None
    told = identity.count_lookup(session, key=f"search_limited|{staff_id}".encode(), limit=Limit(1, 24), now=now)
    if told is None:
        audit.record(session, actor=actor, act="accounts.search_limited", subject=f"staff:{staff_id}")
    return SearchLimited(retry_after_s=wait_s)


def reveal(
    session: WriteSession,
    *,
    vault: Vault,
    account_no: str,
    hidden: Hidden,
    reason: str,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> str | None:
    """What is masked of an account's holder or premises, in clear; None where one may not, or where there is nothing.

    Audited with the reason, and at most REVEALS for one member of staff. Raises ReasonNeeded, RevealLimited.
    """
    found = staff_account(
        session, account_no=account_no, staff_id=staff_id, permission=StaffPermission.ACCOUNTS_REVEAL, now=now
    )
    if found is None:
        return None
    why = reason_to_reveal(session, reason=reason, staff_id=staff_id, now=now)
    shown = _open(session, vault=vault, found=found, hidden=hidden)
    if shown is None:
        return None
    audit.record(
        session,
        actor=actor,
        act="accounts.revealed",
        subject=f"account:{found.id}",
        after={"what": hidden.value, "reason": why},
    )
    return shown


def kept_reason(typed: str) -> str:
    """A reason as it is kept; raises ReasonNeeded for one that says nothing or too much."""
    why = " ".join(typed.split())
    if not LEAST_REASON <= len(why) <= MOST_REASON:
        raise ReasonNeeded
    return why


def reason_to_reveal(session: WriteSession, *, reason: str, staff_id: UUID, now: datetime) -> str:
    """The reason as it is kept, for whoever shows a member of staff something in clear and records `<domain>.revealed`.

    Counts it with this transaction. Raises ReasonNeeded, and RevealLimited after REVEALS of whatever kind.
    """
    why = " ".join(reason.split())
    if not LEAST_REASON <= len(why) <= MOST_REASON:
        raise ReasonNeeded
    wait_s = identity.count_lookup(session, key=f"reveal|{staff_id}".encode(), limit=REVEALS, now=now)
    if wait_s is not None:
        raise RevealLimited(retry_after_s=wait_s)
    return why


def _open(session: WriteSession, *, vault: Vault, found: StaffAccount, hidden: Hidden) -> str | None:
    owner = customer_owner(found.customer_no)
    match hidden:
        case Hidden.NAME:
            table, column = "customer", "name"
            query = session.sql("select name_sealed from customer where id = :id", id=found.customer_id)
        case Hidden.PHONE:
            table, column = "contact_point", "address"
            query = session.sql(
                """select address_sealed from contact_point where customer_id = :id and kind = 'phone'
                   order by id limit 1""",
                id=found.customer_id,
            )
        case Hidden.DOOR:
            table, column, owner = "premises", "door", premises_owner(found.premises_no)
            query = session.sql("select door_sealed from premises where premises_no = :no", no=found.premises_no)
    sealed = query.scalar_one_or_none()
    return None if sealed is None else vault.open(table=table, column=column, owner=owner, sealed=bytes(sealed))
