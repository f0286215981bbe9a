"""CSV files for spreadsheets, in which no cell is computed."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from core.texts import CSV_MARK, csv_lines
from services.billing.queries.grouping import GroupBill

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
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


def bills_file(bills: Sequence[GroupBill]) -> str:
    """Bills as a whole file, amounts in major units."""
    return CSV_MARK + csv_lines([BILLS_HEAD, *(_bill(each) for each in bills)])


def attachment(name: str) -> dict[str, str]:
    """The header by which a browser keeps the answer as a file; `name` is made of plain ASCII."""
    return {"content-disposition": f'attachment; filename="{name}"'}


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
