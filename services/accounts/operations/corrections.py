"""Correcting locked data: one proposes, another decides (`casework`); files that repeat what was wrong do not undo it.

The back office stays the source of record. A correction bridges the time until its systems say the same: as long as a
file or push repeats what was wrong, the correction holds; anything else that it says is taken, and ends the correction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit, ids, locks, outbox
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession, statement, view
from core.texts import is_line, normal_form
from services.accounts.errors import (
    CorrectionDateWrong,
    CorrectionOutdated,
    CorrectionWrong,
    CustomerShared,
    DocumentMissing,
)
from services.accounts.events import LockedDataChanged
from services.accounts.operations import locked
from services.accounts.operations.locked import Corrected, Owner, Standing, name_said, opened_name
from services.accounts.queries import AccountId
from services.accounts.queries.finding import StaffAccount, may_with_customer, may_with_premises, staff_account
from services.accounts.roles import StaffPermission
from services.accounts.rules import FILES_WAIT

MOST_DOCUMENT: Final = 100
OPEN_FOR: Final = timedelta(hours=96)
"""Longer than anybody may take to decide: what is proposed is forgotten then."""
_OPEN: Final = """
select d.account_id, d.customer_id, d.premises_id, d.field, d.before_said, d.after_sealed, d.effective_on
from data_correction d join account a on a.id = d.account_id and a.customer_id = d.customer_id
join customer c on c.id = d.customer_id and c.erased_at is null
join premises p on p.id = a.premises_id and p.id = coalesce(d.premises_id, p.id)
where d.id = :id and d.after_sealed is not null for update of a, c, p, d
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to stand where, by which document; `on` which day something else begins to, for what is dated."""

    field: Corrected
    value: str
    document: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A correction that waits for its decision."""

    id: UUID
    account: StaffAccount


@dataclass(frozen=True, slots=True)
class ShownCorrection:
    """What stood there and what is proposed, masked where that is personal; by which document, from which day."""

    before_shown: str
    after_shown: str
    document: str
    effective_on: date | None


def propose_correction(
    session: WriteSession,
    *,
    vault: Vault,
    account_no: str,
    wanted: Correction,
    staff_id: UUID,
    today: date,
    now: datetime,
) -> Proposal | None:
    """Keep what is proposed, sealed; None where one may not, or where there is no such account.

    Raises CorrectionWrong for a value that is none, or that is what is known already, CorrectionDateWrong and
    DocumentMissing. What is a customer's or premises' is asked for wherever one may see it, whether or not they have
    accounts elsewhere: that is for who decides.
    """
    found = staff_account(
        session, account_no=account_no, staff_id=staff_id, permission=StaffPermission.ACCOUNTS_CORRECT, now=now
    )
    if found is None:
        return None
    field, value, document = wanted.field, _line(wanted.value), _line(wanted.document)
    standing = Standing.of(session, account_id=found.id)
    before = standing.value(vault, field)
    if value is None or value == before or not locked.is_good(standing, field, value):
        raise CorrectionWrong
    if field.is_dated and (wanted.on is None or wanted.on > today or not standing.may_begin(field, wanted.on)):
        raise CorrectionDateWrong
    if not document or len(document) > MOST_DOCUMENT:
        raise DocumentMissing
    proposal_id = ids.uuid7()
    session.sql(
        """insert into data_correction (id, account_id, customer_id, premises_id, field, before_shown, after_shown,
             after_sealed, before_said, document, effective_on, proposed_at)
           values (:id, :account_id, :customer_id, :premises_id, :field, :before, :after, :sealed, :said, :document,
             :on, :now)""",
        id=proposal_id,
        account_id=found.id,
        customer_id=standing.customer_id,
        premises_id=standing.premises_id,
        field=field.value,
        before=locked.shown(field, before),
        after=locked.shown(field, value),
        sealed=vault.seal(table="data_correction", column="after", owner=correction_owner(proposal_id), text=value),
        said=locked.said(vault, field, before),
        document=document,
        on=wanted.on if field.is_dated else None,
        now=now,
    )
    return Proposal(proposal_id, found)


def may_decide_correction(session: ReadSession, *, correction_id: UUID, staff_id: UUID, now: datetime) -> bool:
    """Whether somebody may decide about a correction wherever it would show: at all accounts of customer or premises.

    True for what is no correction any more: its decision is refused anyway.
    """
    row = session.sql(
        "select customer_id, premises_id, field from data_correction where id = :id", id=correction_id
    ).one_or_none()
    return row is None or _may_decide(
        session,
        Corrected(row.field),
        customer_id=row.customer_id,
        premises_id=row.premises_id,
        staff_id=staff_id,
        now=now,
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
    """Do what was proposed and approved. Publishes LockedDataChanged.

    Raises CorrectionOutdated when the account has another holder or place, or something else stands there by now, and
    CustomerShared when whoever decided may not in all units where it would show by now.
    """
    locks.lock(session, key=FILES_WAIT)
    row = session.sql(_OPEN, id=correction_id).one_or_none()
    if row is None:
        raise CorrectionOutdated
    field = Corrected(row.field)
    if not _may_decide(
        session, field, customer_id=row.customer_id, premises_id=row.premises_id, staff_id=decided_by, now=now
    ):
        raise CustomerShared
    standing = Standing.of(session, account_id=AccountId(row.account_id))
    said = locked.said(vault, field, standing.value(vault, field))
    is_late = row.effective_on is not None and not standing.may_begin(field, row.effective_on)
    if is_late or row.before_said not in {None, said}:
        raise CorrectionOutdated
    after = vault.open(
        table="data_correction",
        column="after",
        owner=correction_owner(correction_id),
        sealed=bytes(row.after_sealed),
    )
    if not locked.is_good(standing, field, after):
        raise CorrectionOutdated
    locked.write(session, vault=vault, standing=standing, field=field, value=after, on=row.effective_on)
    _hold(session, correction_id, field, standing, said, now=now)
    outbox.add(
        session,
        LockedDataChanged(account_id=row.account_id, field=field.value, by=correction_owner(correction_id)),
    )
    audit.record(
        session,
        actor=actor,
        act="accounts.data_corrected",
        subject=f"account:{row.account_id}",
        before={"field": field.value, "correction_id": str(correction_id)},
        after={"field": field.value},
    )


def tell_changes(session: WriteSession, *, by: str) -> None:
    """Tell which locked fields of known accounts a staged file changes, before it is written."""
    found = session.sql(statement(__package__, "import_locked_changed.sql"))
    facts = [LockedDataChanged(account_id=row.account_id, field=row.field, by=by).payload() for row in found]
    if facts:
        outbox.add_staged(session, LockedDataChanged, payloads=facts)


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
            held[row.customer_no] = opened_name(vault, row.customer_no, row.name_sealed)
        else:
            session.sql(
                "update data_correction set file_said = null where customer_id = :id and field = 'name'",
                id=row.customer_id,
            )
    return held


def corrections_shown(session: ReadSession, *, correction_ids: Iterable[UUID]) -> dict[UUID, ShownCorrection]:
    """What corrections are about, as whoever decides sees it."""
    rows = session.sql(
        "select id, before_shown, after_shown, document, effective_on from data_correction where id = any(:ids)",
        ids=list(correction_ids),
    )
    return {row.id: view(ShownCorrection, row) for row in rows}


def correction_owner(correction_id: UUID) -> str:
    """Whose subkey seals what is proposed."""
    return f"data_correction:{correction_id}"


def _line(text: str) -> str | None:
    """A text as it is kept, None when not everything in it is seen."""
    line = " ".join(normal_form(text).split())
    return line if is_line(line) else None


def _may_decide(
    session: ReadSession,
    field: Corrected,
    *,
    customer_id: int,
    premises_id: int | None,
    staff_id: UUID,
    now: datetime,
) -> bool:
    may = StaffPermission.ACCOUNTS_APPROVE
    if field.owner is Owner.CUSTOMER:
        return may_with_customer(session, customer_id=customer_id, staff_id=staff_id, permission=may, now=now)
    if field.owner is Owner.PREMISES and premises_id is not None:
        return may_with_premises(session, premises_id=premises_id, staff_id=staff_id, permission=may, now=now)
    return True


def _hold(
    session: WriteSession, correction_id: UUID, field: Corrected, standing: Standing, said: str, *, now: datetime
) -> None:
    """Let it hold against what files said before it, or before an earlier one that still holds.

    A door needs none of that: its fingerprint is what files said, and who repeats it changes nothing.
    """
    earlier = session.sql(
        f"""update data_correction set file_said = null
            where {field.owner}_id = :owner and field = :field and file_said is not null
            returning old.file_said""",  # noqa: S608 -- one of three words of ours
        owner=getattr(standing, f"{field.owner}_id"),
        field=field.value,
    ).scalar_one_or_none()
    session.sql(
        "update data_correction set applied_at = :now, after_sealed = null, file_said = :said where id = :id",
        now=now,
        said=None if field is Corrected.DOOR else said if earlier is None else earlier,
        id=correction_id,
    )
