"""CSV files for spreadsheets, in which no cell is computed."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from core.texts import spreadsheet_cell
from services.billing.queries.grouping import GroupBill

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
MARK: Final = "\ufeff"
"""Stands first: spreadsheets take a file without it for one of their own coding."""

BILLS_HEAD: Final = (
    "account_no",
    "bill_no",
    "period_first",
    "period_last",
    "issue_date",
    "due_date",
    "energy_kwh",
    "amount",
    "open",
    "currency",
    "state",
)


def lines(rows: Iterable[Sequence[str | Decimal | date]]) -> str:
    """Rows as lines of a file. Numbers and days stand as they are."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_cell(each) for each in row])
    return out.getvalue()


def bills_file(bills: Sequence[GroupBill]) -> str:
    """Bills as a whole file, amounts in major units."""
    return MARK + lines([BILLS_HEAD, *(_bill(each) for each in bills)])


def attachment(name: str) -> dict[str, str]:
    """The header by which a browser keeps the answer as a file; `name` is made of plain ASCII."""
    return {"content-disposition": f'attachment; filename="{name}"'}


def _cell(value: str | Decimal | date) -> str:
    return spreadsheet_cell(value) if isinstance(value, str) else str(value)


def _bill(bill: GroupBill) -> tuple[str | Decimal | date, ...]:
    return (
        bill.account_no,
        bill.bill_no,
        bill.period_first,
        bill.period_end - timedelta(days=1),
        bill.issue_date,
        bill.due_date,
        bill.energy_kwh,
        bill.amount.major,
        bill.open.major,
        bill.amount.currency,
        bill.state,
    )
