"""What a file of bills comes to: counted from the judged rows of a chunk, and compared with what is open here."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from core.db import WriteSession, statement
from core.intake import Taken
from core.records import Reject, Row
from services.accounts import operations as accounts
from services.accounts.operations import UnitAmount, UnitRows

_ACCOUNT_NO: Final = 0  # places in the layout
_BILL_NO: Final = 1
NEW_NUMBERS: Final = "select bill_no as key, account_id::text as owner from typed_bill where bill_id is null"


def count(session: WriteSession, *, run_id: int, refused: list[Reject]) -> Taken:
    """Add the judged rows to the totals of their units."""
    found = session.sql(statement(__package__, "import_bills_totals.sql")).all()
    met = session.sql("select distinct account_id, unit_id from typed_bill").all()
    first = accounts.see(session, run_id=run_id, kind="account", keys=[row.account_id for row in met])
    rows = []
    for unit_id in sorted({row.unit_id for row in found}):
        of_unit = [row for row in found if row.unit_id == unit_id]
        new, changed, bills = (sum(getattr(row, name) for row in of_unit) for name in ("new", "changed", "bills"))
        people = sum(row.unit_id == unit_id and row.account_id in first for row in met)
        rows.append(UnitRows(unit_id, new, changed, bills - new - changed, people))
    amounts = [
        UnitAmount(
            row.unit_id,
            row.currency,
            row.kind,
            row.bills,
            int(row.amount_minor),
            int(row.open_minor),
            int(row.owed_minor),
        )
        for row in found
    ]
    accounts.count_amounts(session, run_id=run_id, amounts=amounts)
    return accounts.count_rows(session, run_id=run_id, rows=rows, rejects=refused)


def place(session: WriteSession, *, run_id: int, rows: Sequence[Row], rejects: Sequence[Reject]) -> list[Reject]:
    """Count refused rows in the unit of the account that each names first."""
    wrong = {each.row_no for each in rejects}
    named = {row.no: row.values[_ACCOUNT_NO] for row in rows if row.no in wrong and row.values[_ACCOUNT_NO]}
    units = accounts.units_of(session, account_nos=list(set(named.values())))
    places = {row_no: units[account_no] for row_no, account_no in named.items() if account_no in units}
    return accounts.count_rejects(session, run_id=run_id, rejects=rejects, places=places)


def refuse_numbers(session: WriteSession, taken: Sequence[str], *, program: UUID | None) -> list[Reject]:
    """Take new rows out whose number another account has; a `program` is told no more of accounts outside its units."""
    if not taken:
        return []
    found = session.sql(statement(__package__, "import_bills_numbers.sql"), taken=list(taken), program=program)
    reasons = {row.bill_no: row.reason for row in found}
    refused = session.sql(
        "delete from typed_bill where bill_id is null and bill_no = any(:taken) returning row_no, bill_no",
        taken=list(taken),
    )
    # What a dry run foresees is of the same file: nobody is told of anybody else's.
    return [Reject(row.row_no, "bill_no", reasons.get(row.bill_no, "belongs to another account")) for row in refused]


def foreseen_elsewhere(session: WriteSession, *, run_id: int) -> list[str]:
    """New numbers of a dry run that an earlier chunk gave to another account. Served by pk_import_seen."""
    rows = session.sql(statement(__package__, "import_bills_elsewhere.sql"), run_id=run_id)
    return list(rows.scalars())


class WholeBills:
    """A file that names every open bill of a unit and all below it; without a code, of all units."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    @property
    def scope(self) -> str:
        """The unit's code."""
        return self._scope

    def mark(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> None:
        """Note which open bills stand in these rows."""
        named = [(row.values[_ACCOUNT_NO], row.values[_BILL_NO]) for row in rows]
        known = session.sql(
            statement(__package__, "import_bills_marked.sql"),
            account_nos=[account_no for account_no, _ in named],
            bill_nos=[bill_no for _, bill_no in named],
        )
        accounts.see(session, run_id=run_id, kind="bill", keys=known.scalars().all())

    def compare(self, session: WriteSession, *, run_id: int) -> tuple[int, int]:
        """Note the open bills that stand nowhere in it."""
        query = statement(__package__, "import_bills_known.sql").clause.text
        return accounts.note_vanished(session, run_id=run_id, scope=self._scope, query=query)
