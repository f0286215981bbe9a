"""Bills for tests, made through the importer so that rows and ledger agree."""

import itertools
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from core.db import WriteSession
from core.records import Row
from services.accounts.queries import AccountRef
from services.billing import queries
from services.billing.operations import BillsLoader
from services.billing.queries import BillView

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
_numbers = itertools.count(1)


def bill_record(account_no: str, bill_no: str, *, amount_minor: int = 12_860, **other: object) -> dict[str, object]:
    """One row of a bills file: open, of May 2026, three lines."""
    tax = amount_minor // 10
    return {
        "account_no": account_no,
        "bill_no": bill_no,
        "period_first": "2026-05-01",
        "period_end": "2026-06-01",
        "issue_date": "2026-06-03",
        "due_date": "2026-06-25",
        "energy_kwh": "230.5",
        "amount_minor": amount_minor,
        "open_minor": None,
        "state": "open",
        "lines": f"energy|230.5|kWh|0.5469|{amount_minor - tax - 100};funds.renewable_energy||||100;tax.vat||||{tax}",
        **other,
    }


def load(session: WriteSession, *records: dict[str, object], now: datetime = NOW) -> None:
    """Import rows in the given transaction; fails when one is rejected."""
    loader = BillsLoader(zone=ZONE, now=now)
    rows = [
        Row(
            number,
            tuple(None if record.get(column) is None else str(record[column]) for column in loader.layout.columns),
        )
        for number, record in enumerate(records, start=1)
    ]
    for table in ("staged_bill", "typed_line", "line_sum", "typed_bill", "surplus"):
        session.sql(f"drop table if exists {table}")
    run_id = session.sql(
        """insert into import_run (kind, file_digest, finished_at) values ('bills', sha256(''), now()) returning id"""
    ).scalar_one()
    refused = loader.load(session, run_id=run_id, rows=rows, refused=loader.stage(session, rows)).rejects
    assert refused == [], refused
    while not loader.finish(session, run_id=run_id):
        pass


def make_bill(
    session: WriteSession,
    account: AccountRef,
    *,
    amount_minor: int = 12_860,
    bill_no: str | None = None,
    due_date: date = date(2026, 6, 25),
    now: datetime = NOW,
    **other: object,
) -> BillView:
    """An issued bill with three lines, posted to the ledger."""
    number = bill_no or f"B{next(_numbers):010d}"
    issue = min(date(2026, 6, 3), due_date)
    dates = {"due_date": str(due_date), "issue_date": str(issue)}
    load(session, bill_record(account.account_no, number, amount_minor=amount_minor, **{**dates, **other}), now=now)
    found = queries.bill_by_no(session, account_id=account.id, bill_no=number)
    assert found is not None
    return found
