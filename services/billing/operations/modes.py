"""Which accounts are billed here, and from which day on; see docs/reference/import-formats.md."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa

from core import audit, intake, staging
from core.audit import Actor
from core.db import WriteSession, statement
from core.errors import Json
from core.intake import Taken
from core.records import Layout, Reject, Row
from services.accounts import operations as accounts
from services.accounts.operations import UnitRows
from services.billing.operations import counting
from services.billing.operations.importing import BillsLoader


class BillingModesLoader:
    """`wattline import billing-modes`: `external`, or `native` from a day on.

    From then on bills from outside are refused that begin on that day or later; those of earlier periods, and their
    amendments, are taken as before. A day before a bill that is here already is refused, and so is an account of which
    data of level 1 is missing on that day: a bill is made of it.
    """

    kind: ClassVar[str] = "billing-modes"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(("account_no", "billing", "native_from"), frozenset({"account_no", "billing"}))

    def __init__(self, *, now: datetime, program: UUID | None = None) -> None:
        """`program` sends the rows, and writes to accounts of its own units alone."""
        self._now = now
        self._program = program

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Stage what accounts are to be billed by."""
        staging.stage(
            session,
            table="staged_mode",
            columns={"row_no": "bigint", **dict.fromkeys(self.layout.columns, "text")},
            rows=[(row.no, *row.values) for row in rows],
        )
        return []

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:  # noqa: ARG002 -- the protocol's
        """Write and audit what changes. Bills have no turn meanwhile: none slips in behind the day."""
        intake.take_turn(session, kind=BillsLoader.kind)
        if self._program is not None:
            reach = statement(__package__, "import_modes_reach.sql")
            refused = refused + staging.refuse(session, table="staged_mode", judgement=reach, program=self._program)
        refused = refused + staging.refuse(
            session, table="staged_mode", judgement=statement(__package__, "import_modes_judge.sql")
        )
        known = session.sql(statement(__package__, "import_modes_compare.sql")).all()
        changed = [row for row in known if row.earlier != row.later]
        self._write(session, changed)
        audit.record_staged(
            session,
            actor=Actor(f"import_run:{run_id}"),
            act="billing.mode_changed",
            changes=[(f"account:{row.account_id}", _mode(row.earlier), _mode(row.later)) for row in changed],
        )
        all_of, changed_of = Counter(row.unit_id for row in known), Counter(row.unit_id for row in changed)
        counted = [
            UnitRows(unit_id, new=0, changed=changed_of[unit_id], unchanged=count - changed_of[unit_id], accounts=count)
            for unit_id, count in sorted(all_of.items())
        ]
        return accounts.count_rows(session, run_id=run_id, rows=counted, rejects=refused)

    def place(
        self, session: WriteSession, *, run_id: int, rows: Sequence[Row], rejects: Sequence[Reject]
    ) -> list[Reject]:
        """A refused row belongs to the unit of the account that it names."""
        return counting.place(session, run_id=run_id, rows=rows, rejects=rejects)

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:  # noqa: ARG002 -- the protocol's
        """Nothing was noted."""
        return 0

    def _write(self, session: WriteSession, changed: Sequence[sa.Row[Any]]) -> None:
        native = [row for row in changed if row.later is not None]
        session.sql(
            """insert into billing_mode (account_id, native_from, changed_at)
               select account_id, native_from, :now
               from unnest(cast(:ids as bigint[]), cast(:days as date[])) n (account_id, native_from)
               on conflict (account_id) do update
                 set native_from = excluded.native_from, changed_at = excluded.changed_at""",
            now=self._now,
            ids=[row.account_id for row in native],
            days=[row.later for row in native],
        )
        external = [row.account_id for row in changed if row.later is None]
        session.sql("delete from billing_mode where account_id = any(:ids)", ids=external)


def _mode(native_from: object) -> dict[str, Json]:
    return {
        "billing": "external" if native_from is None else "native",
        "native_from": None if native_from is None else str(native_from),
    }
