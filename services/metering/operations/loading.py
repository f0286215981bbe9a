"""What files of readings share, be they of intervals or of registers: a chunk is taken, counted, refused, forgotten."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from core.db import WriteSession, taken_back
from core.intake import Taken
from core.records import Layout, Reject, Row
from services.accounts import operations as accounts
from services.accounts.operations import UnitRows
from services.metering.operations import placing
from services.metering.operations.repeats import Repeats
from services.metering.operations.taking import Sender, TakenReadings


class MeterFileLoader(ABC):
    """A file whose records name meters."""

    kind: ClassVar[str]
    layout: ClassVar[Layout]
    has_turns: ClassVar[bool] = False

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._repeats = Repeats(sender.source)

    @abstractmethod
    def meter_of(self, row: Row) -> str | None:
        """The meter that a record names, by which a refused one is told to its unit."""

    @abstractmethod
    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Stage what can be read."""

    @abstractmethod
    def _take(self, session: WriteSession, run_id: int) -> TakenReadings:
        """Write what is new or better of what was staged."""

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:  # noqa: ARG002 -- the protocol's
        """Write what is new or better."""
        return self._count(session, self._take(session, run_id), run_id=run_id, refused=refused)

    def check(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:  # noqa: ARG002 -- the protocol's
        """Tell what `load` would do with one chunk, without those before it: it is done, and taken back."""
        with taken_back(session):
            taken = self._take(session, run_id)
        return self._count(session, taken, run_id=run_id, refused=refused)

    def _count(self, session: WriteSession, taken: TakenReadings, *, run_id: int, refused: list[Reject]) -> Taken:
        first = accounts.see(session, run_id=run_id, kind="account", keys=taken.account_ids)
        units = placing.units_of_accounts(session, account_ids=sorted(first))
        counted = [
            UnitRows(each.unit_id, each.new, each.changed, each.unchanged, units.count(each.unit_id))
            for each in taken.counts
        ]
        return accounts.count_rows(session, run_id=run_id, rows=counted, rejects=refused + taken.rejects + taken.held)

    def place(
        self, session: WriteSession, *, run_id: int, rows: Sequence[Row], rejects: Sequence[Reject]
    ) -> list[Reject]:
        """A refused record belongs to the unit of the account at which its meter is, or was last."""
        wrong = {each.row_no for each in rejects}
        named = {row.no: meter_no for row in rows if row.no in wrong and (meter_no := self.meter_of(row))}
        places = placing.units_of_meters(session, named=named)
        return accounts.count_rejects(session, run_id=run_id, rejects=rejects, places=places)

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:
        """Drop what a run has met."""
        return accounts.forget_seen(session, run_id=run_id, most=most)
