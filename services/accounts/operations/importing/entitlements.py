"""Files of entitlements: what tariffs ask of accounts, with dates; see docs/reference/import-formats.md."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from core import locks, staging
from core.audit import Actor
from core.db import WriteSession, statement, to_json
from core.intake import Taken
from core.records import Layout, Reject, Row
from services.accounts.operations import reports
from services.accounts.operations.entitlements import Change, tell
from services.accounts.operations.reports import UnitRows
from services.accounts.rules import FILES_WAIT

_STAGED: Final = "staged_entitlement"
_TYPED: Final = "typed_entitlement"


class EntitlementsLoader:
    """`wattline import entitlements`: people in the home, flags, contract demand and transformers, one row each.

    A row is known by account, kind and first day. What would hold on a day of another of its kind is refused, unless a
    row of the same chunk says that the other ends before.
    """

    kind: ClassVar[str] = "entitlements"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(
        ("account_no", "kind", "value", "valid_from", "valid_to", "document"),
        frozenset({"account_no", "kind", "valid_from"}),
    )

    def __init__(self, *, renewals: Mapping[str, int], now: datetime, program: UUID | None = None) -> None:
        """`renewals`: after how many months a kind ends where no row says when, because it must be proved anew.

        `program` sends the rows, and writes to accounts of its own units alone.
        """
        self._renewals = dict(renewals)
        self._now = now
        self._program = program

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Stage what rows say."""
        staging.stage(
            session,
            table=_STAGED,
            columns={"row_no": "bigint", **dict.fromkeys(self.layout.columns, "text")},
            rows=[(row.no, *row.values) for row in rows],
        )
        return []

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:  # noqa: ARG002 -- the protocol's
        """Write and audit what changes. Waits while a customer is being erased, or staff write an entitlement."""
        locks.share_lock(session, key=FILES_WAIT)
        if self._program is not None:
            reach = statement(__package__, "import_entitlements_reach.sql")
            refused = refused + staging.refuse(session, table=_STAGED, judgement=reach, program=self._program)
        judge = statement(__package__, "import_entitlements_judge.sql")
        refused = refused + staging.refuse(session, table=_STAGED, judgement=judge)
        session.sql(statement(__package__, "import_entitlements_type.sql"), renewals=to_json(self._renewals))
        # A row that is refused leaves what is known as it was, which another row may then overlap.
        overlap = statement(__package__, "import_entitlements_overlap.sql")
        while overlapping := staging.refuse(session, table=_TYPED, judgement=overlap):
            refused = refused + overlapping
        typed = session.sql(
            """select account_id, unit_id, kind, valid_from, value, valid_to, value_before, valid_to_before,
                 document <> document_before as has_other_document, id is null as is_new
               from typed_entitlement order by row_no"""
        ).all()
        session.sql(statement(__package__, "import_entitlements_gone.sql"))
        session.sql(statement(__package__, "import_entitlements_write.sql"), now=self._now)
        changed = [
            row
            for row in typed
            if row.is_new
            or row.has_other_document
            or (row.value, row.valid_to) != (row.value_before, row.valid_to_before)
        ]
        tell(
            session,
            actor=Actor(f"import_run:{run_id}"),
            changes=[
                Change(
                    row.account_id,
                    row.kind,
                    row.valid_from,
                    None if row.is_new else (row.value_before, row.valid_to_before),
                    (row.value, row.valid_to),
                )
                for row in changed
            ],
        )
        counted = {
            what: Counter(row.unit_id for row in those)
            for what, those in (
                ("all", typed),
                ("new", [row for row in changed if row.is_new]),
                ("changed", [row for row in changed if not row.is_new]),
            )
        }
        accounts = Counter(unit_id for _, unit_id in {(row.account_id, row.unit_id) for row in typed})
        totals = [
            UnitRows(
                unit_id,
                new=counted["new"][unit_id],
                changed=counted["changed"][unit_id],
                unchanged=count - counted["new"][unit_id] - counted["changed"][unit_id],
                accounts=accounts[unit_id],
            )
            for unit_id, count in sorted(counted["all"].items())
        ]
        return reports.count_rows(session, run_id=run_id, rows=totals, rejects=refused)

    def place(
        self, session: WriteSession, *, run_id: int, rows: Sequence[Row], rejects: Sequence[Reject]
    ) -> list[Reject]:
        """A refused row belongs to the unit of the account that it names."""
        wrong = {each.row_no for each in rejects}
        named = {row.no: row.values[0] for row in rows if row.no in wrong and row.values[0]}
        units = reports.units_of(session, account_nos=list(set(named.values())))
        places = {row_no: units[account_no] for row_no, account_no in named.items() if account_no in units}
        return reports.count_rejects(session, run_id=run_id, rejects=rejects, places=places)

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:  # noqa: ARG002 -- the protocol's
        """Nothing was noted."""
        return 0
