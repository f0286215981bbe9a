"""Files of units: the supplier's tree."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from core import staging
from core.db import WriteSession, statement
from core.intake import Taken
from core.records import Layout, Reject, Row
from services.accounts.operations import reports
from services.accounts.operations.reports import UnitRows


class UnitsLoader:
    """`wattline import units`: the supplier's tree. A parent stands before its children or is known already."""

    kind: ClassVar[str] = "units"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(("code", "parent_code", "kind", "name"), frozenset({"code", "kind", "name"}))

    def __init__(self, *, program: UUID | None = None) -> None:
        """`program` sends the rows, and writes to its own units alone."""
        self._program = program

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Stage units."""
        staging.stage(
            session,
            table="staged_unit",
            columns={"row_no": "bigint", **dict.fromkeys(self.layout.columns, "text")},
            rows=[(row.no, *row.values) for row in rows],
        )
        return []

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:  # noqa: ARG002 -- the protocol's
        """Add and rename units. A unit never moves: its accounts and staff would change hands silently."""
        foreign: list[Reject] = []
        if self._program is not None:
            reach = statement(__package__, "import_units_reach.sql")
            foreign = staging.refuse(session, table="staged_unit", judgement=reach, program=self._program)
        judgement = statement(__package__, "import_units_judge.sql")
        refused = refused + foreign + staging.refuse(session, table="staged_unit", judgement=judgement)
        compared = session.sql(statement(__package__, "import_units_compare.sql")).all()
        # One level a round: a child needs its parent's path.
        while session.sql(statement(__package__, "import_units_write.sql")).rowcount:
            pass
        refused += staging.refuse(
            session, table="staged_unit", judgement=statement(__package__, "import_units_orphans.sql")
        )
        out = {each.row_no for each in refused}
        new, changed, unchanged = (
            sum(row.what == what and row.row_no not in out for row in compared)
            for what in ("new", "changed", "unchanged")
        )
        # Units are for who may everywhere: their rows belong to none of them.
        counted = UnitRows(0, new, changed, unchanged, accounts=0)
        return reports.count_rows(session, run_id=run_id, rows=[counted], rejects=refused)

    def place(
        self,
        session: WriteSession,
        *,
        run_id: int,
        rows: Sequence[Row],  # noqa: ARG002 -- the protocol's
        rejects: Sequence[Reject],
    ) -> list[Reject]:
        """Refused units, too."""
        return reports.count_rejects(session, run_id=run_id, rejects=rejects, places={})

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:  # noqa: ARG002 -- the protocol's
        """Nothing was noted."""
        return 0
