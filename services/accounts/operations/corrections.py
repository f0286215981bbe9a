"""Correcting locked data: one proposes, another decides (`casework`); files that repeat what was wrong do not undo it.

The back office stays the source of record. A correction bridges the time until its systems say the same: as long as a
file or push repeats what was wrong, the correction holds; anything else that it says is taken, and ends the correction.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit, ids, locks
from core.audit import Actor
from core.crypto.vault import Vault, mask_name
from core.db import ReadSession, WriteSession, statement
from core.texts import is_line, normal_form
from services.accounts.errors import CorrectionOutdated, CorrectionWrong, CustomerShared
from services.accounts.models import AccountClass
from services.accounts.queries import AccountId
from services.accounts.queries.finding import StaffAccount, may_with_customer, staff_account
from services.accounts.roles import StaffPermission
from services.accounts.rules import FILES_WAIT, customer_owner, normal_name, search_terms

MOST_NAME: Final = 200
OPEN_FOR: Final = timedelta(hours=96)
"""Longer than anybody may take to decide: what is proposed is forgotten then."""


class Corrected(enum.StrEnum):
    """Fields of level 1 that two persons may correct. The others tell of the place, and are mended at their source."""

    NAME = "name"
    USE_CLASS = "use_class"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A correction that waits for its decision."""

    id: UUID
    account: StaffAccount


def propose_correction(
    session: WriteSession,
    *,
    vault: Vault,
    account_no: str,
    field: Corrected,
    value: str,
    staff_id: UUID,
    now: datetime,
) -> Proposal | None:
    """Keep what is proposed, sealed; None where one may not, or where there is no such account.

    Raises CorrectionWrong for a value that is none, or that is what is known already. A name is asked for wherever one
    may see it, whether or not its customer has accounts elsewhere: that is for who decides.
    """
    found = staff_account(
        session, account_no=account_no, staff_id=staff_id, permission=StaffPermission.ACCOUNTS_CORRECT, now=now
    )
    if found is None:
        return None
    wanted = " ".join(normal_form(value).split())
    before = _known(session, vault, found.id, found.customer_no, field)
    if not wanted or wanted == before or not is_line(wanted) or not _is_good(field, wanted):
        raise CorrectionWrong
    proposal_id = ids.uuid7()
    session.sql(
        """insert into data_correction (id, account_id, customer_id, field, before_shown, after_shown, after_sealed,
             proposed_at)
           values (:id, :account_id, :customer_id, :field, :before, :after, :sealed, :now)""",
        id=proposal_id,
        account_id=found.id,
        customer_id=found.customer_id,
        field=field.value,
        before=_shown(field, before),
        after=_shown(field, wanted),
        sealed=vault.seal(table="data_correction", column="after", owner=correction_owner(proposal_id), text=wanted),
        now=now,
    )
    return Proposal(proposal_id, found)


def may_decide_correction(session: ReadSession, *, correction_id: UUID, staff_id: UUID, now: datetime) -> bool:
    """Whether somebody may decide about a correction wherever it would show: a name does at all accounts of its holder.

    True for what is no correction any more: its decision is refused anyway.
    """
    row = session.sql("select customer_id, field from data_correction where id = :id", id=correction_id).one_or_none()
    may = StaffPermission.ACCOUNTS_APPROVE
    return (
        row is None
        or Corrected(row.field) is not Corrected.NAME
        or may_with_customer(session, customer_id=row.customer_id, staff_id=staff_id, permission=may, now=now)
    )


def hold_files(session: WriteSession) -> None:
    """Let no chunk of a file be written, and no customer erased, until this transaction ends: before a request's lock.

    Erasing a customer waits for files first, and strikes requests about them then.
    """
    locks.lock(session, key=FILES_WAIT)


def apply_correction(
    session: WriteSession,
    *,
    vault: Vault,
    correction_id: UUID,
    decided_by: UUID,
    actor: Actor,
    now: datetime,
) -> None:
    """Do what was proposed and approved.

    Raises CorrectionOutdated when the account has another holder by now, and CustomerShared when whoever decided may
    not in all units where the customer whose name it is has accounts by now.
    """
    locks.lock(session, key=FILES_WAIT)
    row = session.sql(
        """select d.account_id, d.customer_id, d.field, d.before_shown, d.after_shown, d.after_sealed, c.customer_no
           from data_correction d join account a on a.id = d.account_id and a.customer_id = d.customer_id
           join customer c on c.id = d.customer_id and c.erased_at is null
           where d.id = :id and d.after_sealed is not null for update of a, c, d""",
        id=correction_id,
    ).one_or_none()
    if row is None:
        raise CorrectionOutdated
    field = Corrected(row.field)
    if field is Corrected.NAME:
        may = StaffPermission.ACCOUNTS_APPROVE
        if not may_with_customer(session, customer_id=row.customer_id, staff_id=decided_by, permission=may, now=now):
            raise CustomerShared
    after = vault.open(
        table="data_correction",
        column="after",
        owner=correction_owner(correction_id),
        sealed=bytes(row.after_sealed),
    )
    before = _known(session, vault, AccountId(row.account_id), row.customer_no, field)
    by_owner = "customer_id = :customer_id" if field is Corrected.NAME else "account_id = :account_id"
    whose = {"customer_id": row.customer_id} if field is Corrected.NAME else {"account_id": row.account_id}
    earlier = session.sql(
        f"""update data_correction set file_said = null where {by_owner} and field = :field and file_said is not null
            returning old.file_said""",  # noqa: S608 -- one of two texts of ours
        field=field.value,
        **whose,
    ).scalar_one_or_none()
    said = name_said(vault, before) if field is Corrected.NAME else before
    if field is Corrected.NAME:
        _rename(session, vault, row.customer_id, row.customer_no, after)
    else:
        session.sql("update account set class = :after where id = :id", after=after, id=row.account_id)
    session.sql(
        """update data_correction set applied_at = :now, after_sealed = null, file_said = :said where id = :id""",
        now=now,
        said=earlier or said,
        id=correction_id,
    )
    audit.record(
        session,
        actor=actor,
        act="accounts.data_corrected",
        subject=f"account:{row.account_id}",
        before={"field": field.value, "correction_id": str(correction_id)},
        after={"field": field.value},
    )


def purge_corrections(session: WriteSession, *, now: datetime, most: int) -> int:
    """Forget what was proposed and not decided in time; answers how many of them."""
    return session.sql(
        """update data_correction set after_sealed = null where id in (
             select id from data_correction where after_sealed is not null and proposed_at < :before
             order by proposed_at limit :most)""",
        before=now - OPEN_FOR,
        most=most,
    ).rowcount


def corrected_names(session: WriteSession, *, vault: Vault, said: dict[str, str]) -> dict[str, str]:
    """The names that hold against a file, by customer number; `said` has what the file calls its changed customers.

    A correction about which the file says something new ends here.
    """
    found = session.sql(statement(__package__, "import_names_corrected.sql"), customer_nos=list(said)).all()
    held: dict[str, str] = {}
    for row in found:
        if name_said(vault, said[row.customer_no]) == row.file_said:
            held[row.customer_no] = _open_name(vault, row.customer_no, row.name_sealed)
        else:
            session.sql(
                "update data_correction set file_said = null where customer_id = :id and field = 'name'",
                id=row.customer_id,
            )
    return held


def corrections_shown(session: ReadSession, *, correction_ids: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """What stood there and what is proposed, masked where that is a name."""
    rows = session.sql(
        "select id, before_shown, after_shown from data_correction where id = any(:ids)", ids=list(correction_ids)
    )
    return {row.id: (row.before_shown, row.after_shown) for row in rows}


def correction_owner(correction_id: UUID) -> str:
    """Whose subkey seals what is proposed."""
    return f"data_correction:{correction_id}"


def name_said(vault: Vault, name: str) -> str:
    """What stands for a name that a file says: width, case and spaces do not matter."""
    return vault.blind("corrected-name", normal_name(name)).hex()


def _known(session: ReadSession, vault: Vault, account_id: AccountId, customer_no: str, field: Corrected) -> str:
    row = session.sql(
        """select a.class as use_class, c.name_sealed from account a join customer c on c.id = a.customer_id
           where a.id = :id""",
        id=account_id,
    ).one()
    return row.use_class if field is Corrected.USE_CLASS else _open_name(vault, customer_no, row.name_sealed)


def _open_name(vault: Vault, customer_no: str, sealed: bytes) -> str:
    return vault.open(table="customer", column="name", owner=customer_owner(customer_no), sealed=bytes(sealed))


def _is_good(field: Corrected, value: str) -> bool:
    return len(value) <= MOST_NAME if field is Corrected.NAME else value in set(AccountClass)


def _shown(field: Corrected, value: str) -> str:
    return mask_name(value) if field is Corrected.NAME else value


def _rename(session: WriteSession, vault: Vault, customer_id: int, customer_no: str, name: str) -> None:
    """Write the name and what it is found by; the fingerprint stays that of the file."""
    owner = customer_owner(customer_no)
    sealed = session.sql(
        "select address_sealed from contact_point where customer_id = :id and id = 1 and kind = 'phone'", id=customer_id
    ).scalar_one_or_none()
    phone = (
        None
        if sealed is None
        else vault.open(table="contact_point", column="address", owner=owner, sealed=bytes(sealed))
    )
    session.sql(
        "update customer set name_sealed = :sealed, name_masked = :masked, tokens = :tokens where id = :id",
        sealed=vault.seal(table="customer", column="name", owner=owner, text=name),
        masked=mask_name(name),
        tokens=[vault.blind(kind, value) for kind, value in search_terms(name=name, phone=phone)],
        id=customer_id,
    )
