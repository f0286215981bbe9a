"""What imports came to, by unit: counted chunk by chunk as loaders go, and signed off by whoever stands for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, LiteralString
from uuid import UUID

import sqlalchemy as sa

from core import audit
from core.audit import Actor
from core.db import ReadSession, WriteSession, statement
from core.intake import Taken
from core.records import Reject
from services.accounts.errors import ImportElsewhere, ImportNotSignable
from services.accounts.queries import imports
from services.accounts.queries.imports import AmountKind

Seen = Literal["account", "bill"]


@dataclass(frozen=True, slots=True)
class UnitRows:
    """What came of the rows of one unit; `accounts` counts those that the run had not met before."""

    unit_id: int
    new: int
    changed: int
    unchanged: int
    accounts: int


@dataclass(frozen=True, slots=True)
class UnitAmount:
    """Sums of bills of one unit, currency and kind. `owed_minor` is by how much they change what is owed here."""

    unit_id: int
    currency: str
    kind: AmountKind
    bills: int
    amount_minor: int
    open_minor: int
    owed_minor: int


def count_rows(session: WriteSession, *, run_id: int, rows: Sequence[UnitRows], rejects: list[Reject]) -> Taken:
    """Add what came of a chunk's rows to the totals of their units; answers it in sum, beside the `rejects`."""
    session.sql(
        statement(__package__, "import_total_add.sql"),
        run_id=run_id,
        unit_ids=[each.unit_id for each in rows],
        new=[each.new for each in rows],
        changed=[each.changed for each in rows],
        unchanged=[each.unchanged for each in rows],
        rejected=[0 for _ in rows],
        accounts=[each.accounts for each in rows],
    )
    return Taken(
        new=sum(each.new for each in rows),
        changed=sum(each.changed for each in rows),
        unchanged=sum(each.unchanged for each in rows),
        rejects=rejects,
    )


def count_amounts(session: WriteSession, *, run_id: int, amounts: Sequence[UnitAmount]) -> None:
    """Add the sums of a chunk's bills to those of their units."""
    session.sql(
        statement(__package__, "import_amount_add.sql"),
        run_id=run_id,
        unit_ids=[each.unit_id for each in amounts],
        currencies=[each.currency for each in amounts],
        kinds=[each.kind for each in amounts],
        bills=[each.bills for each in amounts],
        amounts=[each.amount_minor for each in amounts],
        opens=[each.open_minor for each in amounts],
        owed=[each.owed_minor for each in amounts],
    )


def count_rejects(
    session: WriteSession, *, run_id: int, rejects: Sequence[Reject], places: Mapping[int, int]
) -> list[Reject]:
    """Add refused rows to the totals of their units, `places` by row; answers them with their unit."""
    placed = [replace(each, unit_id=places.get(each.row_no, 0)) for each in rejects]
    refused = Counter(places.get(row_no, 0) for row_no in {each.row_no for each in rejects})
    none = [0 for _ in refused]
    session.sql(
        statement(__package__, "import_total_add.sql"),
        run_id=run_id,
        unit_ids=list(refused),
        new=none,
        changed=none,
        unchanged=none,
        rejected=list(refused.values()),
        accounts=none,
    )
    return placed


def units_of(session: ReadSession, *, account_nos: Sequence[str]) -> dict[str, int]:
    """The units of known accounts, by number."""
    found = session.sql(
        "select account_no, unit_id from account where account_no = any(:account_nos)", account_nos=list(account_nos)
    )
    return {row.account_no: row.unit_id for row in found}


def see(session: WriteSession, *, run_id: int, kind: Seen, keys: Sequence[int]) -> frozenset[int]:
    """Note that a run has met these; answers which of them it meets for the first time."""
    rows = session.sql(
        """insert into import_seen (run_id, kind, key)
           select :run_id, :kind, key from unnest(cast(:keys as bigint[])) key
           on conflict do nothing returning key""",
        run_id=run_id,
        kind=kind,
        keys=list(keys),
    )
    return frozenset(rows.scalars())


def keep_said(
    session: WriteSession, *, run_id: int, query: LiteralString, kind: Literal["number", "meter"] = "number"
) -> None:
    """Keep what the rows of a dry run say, under their numbers; of a number the latest value of each name holds.

    `query` answers `key`, a hash of the number, and `said`.
    """
    wrapped = statement(__package__, "import_said_write.sql").clause.text.replace("(select /* said */)", f"({query})")
    session.connection().execute(sa.text(wrapped), {"run_id": run_id, "kind": kind})


def forget_seen(session: WriteSession, *, run_id: int, most: int) -> int:
    """Drop up to `most` of what a run has met; answers how many."""
    return session.sql(
        """delete from import_seen where (run_id, kind, key) in (
             select run_id, kind, key from import_seen where run_id = :run_id limit :most)""",
        run_id=run_id,
        most=most,
    ).rowcount


def note_vanished(session: WriteSession, *, run_id: int, scope: str, query: LiteralString) -> tuple[int, int]:
    """Keep what is known in `scope` (a unit and all below it; empty for all units) and was not seen by a run.

    `query` answers everything that is known there, with the columns unit_id, account_no, bill_no (empty for an
    account), open_minor, currency, is_seen; it may use `:run_id` and `:path`, with which the scope's units begin.
    Answers how many vanished, of how many.
    """
    path = session.sql(
        "select case when :scope = '' then '/' else (select path from unit where code = :scope) end", scope=scope
    ).scalar_one()
    wrapped = statement(__package__, "import_vanished_write.sql").clause.text.replace(
        "(select /* known */)", f"({query})"
    )
    row = session.connection().execute(sa.text(wrapped), {"run_id": run_id, "path": path}).one()
    return row.vanished, row.known


def sign_off(session: WriteSession, *, run_id: int, staff_id: UUID, actor: Actor, now: datetime) -> None:
    """Stand for the totals of a dry run that is at its end: files are loaded against them.

    Raises ImportElsewhere unless the run is seen and its signer may sign in every unit of it; ImportNotSignable for
    what is no dry run, is not at its end, or is signed.
    """
    run = imports.run_of(session, run_id=run_id, staff_id=staff_id, now=now)
    if run is None or not imports.may_sign(session, run_id=run_id, staff_id=staff_id, now=now):
        raise ImportElsewhere
    if not run.is_check or run.finished_at is None:
        raise ImportNotSignable
    signed = session.sql(
        """insert into import_sign_off (run_id, staff_id, signed_at) values (:run_id, :staff_id, :now)
           on conflict do nothing""",
        run_id=run_id,
        staff_id=staff_id,
        now=now,
    ).rowcount
    if not signed:
        raise ImportNotSignable
    audit.record(
        session,
        actor=actor,
        act="import.signed_off",
        subject=f"import_run:{run_id}",
        after={"kind": run.kind, "sha256": run.sha256, "rows": run.rows, "rejected": run.rejected},
    )
