"""Files that name every account: what is missing from them has vanished."""

from collections.abc import Sequence

from core.db import WriteSession, statement
from core.records import Row
from services.accounts.operations import reports


class WholeAccounts:
    """A file that names every account of a unit and all below it that is not closed; without a code, of all units."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    @property
    def scope(self) -> str:
        """The unit's code."""
        return self._scope

    def mark(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> None:
        """Note which known accounts stand in these rows."""
        known = session.sql(
            "select id from account where account_no = any(:account_nos)",
            account_nos=[row.values[0] for row in rows if row.values[0]],
        )
        reports.see(session, run_id=run_id, kind="account", keys=known.scalars().all())

    def compare(self, session: WriteSession, *, run_id: int) -> tuple[int, int]:
        """Note the accounts that stand nowhere in it."""
        query = statement(__package__, "import_accounts_known.sql").clause.text
        return reports.note_vanished(session, run_id=run_id, scope=self._scope, query=query)
