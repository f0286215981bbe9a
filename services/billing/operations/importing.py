"""Files of bills into tables and ledger, set-based; see docs/reference/import-formats.md for the columns.

A new open bill posts. History that was settled before it came is stored and not posted; what was open of part-paid
bills becomes one opening balance per account and file. A changed amount reverses what was posted and posts anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import idempotency, intake, outbox, staging
from core.db import WriteSession, statement
from core.intake import Taken
from core.records import Layout, Reject, Row
from services.accounts import operations as accounts
from services.accounts.operations import LastBill
from services.accounts.queries import AccountId
from services.billing.events import BillAmended, BillIssued, BillSettled
from services.billing.operations import counting
from services.billing.operations.settling import apply_prepaid
from services.ledger import operations as ledger
from services.ledger.chart import OwnerKind, Source

_OPENINGS_AT_ONCE: Final = 10_000
_LINE_FIELDS: Final = ("code", "quantity", "unit", "unit_price", "amount_minor")


def _lines_text(lines: list[dict[str, object]]) -> str:
    """The CSV form of a JSON list of lines."""
    texts = []
    for line in lines:
        if line.keys() - set(_LINE_FIELDS):
            raise KeyError
        parts = ["" if line.get(name) is None else str(line[name]) for name in _LINE_FIELDS]
        if any(mark in part for part in parts for mark in "|;"):
            raise ValueError
        texts.append("|".join(parts))
    return ";".join(texts)


class BillsLoader:
    """`wattline import bills`."""

    kind: ClassVar[str] = "bills"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(
        (
            "account_no",
            "bill_no",
            "period_first",
            "period_end",
            "issue_date",
            "due_date",
            "energy_kwh",
            "amount_minor",
            "open_minor",
            "state",
            "lines",
        ),
        frozenset(
            {
                "account_no",
                "bill_no",
                "period_first",
                "period_end",
                "issue_date",
                "due_date",
                "energy_kwh",
                "amount_minor",
                "state",
            }
        ),
        {"lines": _lines_text},
    )

    def __init__(self, *, zone: ZoneInfo, now: datetime, program: UUID | None = None) -> None:
        """`zone` is the supplier's: an issue date takes effect at its midnight. Corrections take effect at `now`.

        `program` sends the rows, and writes to accounts of its own units alone.
        """
        self._program = program
        self._zone = zone
        self._now = now

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Stage bills and their lines."""
        columns = {"row_no": "bigint", **dict.fromkeys(self.layout.columns, "text")}
        staging.stage(session, table="staged_bill", columns=columns, rows=((row.no, *row.values) for row in rows))
        refused = staging.refuse(
            session, table="staged_bill", judgement=statement(__package__, "import_bills_format.sql")
        )
        self._run(session, "lines")
        staging.analyze(session, table="typed_line")
        self._run(session, "sums")
        staging.analyze(session, table="line_sum")
        return refused

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:  # noqa: ARG002 -- the protocol's
        """Write new and changed bills of one chunk, and what follows from them in ledger and outbox."""
        # Two files at once could know one bill differently; chunks of bills take turns.
        intake.take_turn(session, kind=self.kind)
        refused = refused + self._judge(session)
        taken_numbers = idempotency.claim_staged(session, kind="bill_no", query=counting.NEW_NUMBERS)
        refused += counting.refuse_numbers(session, taken_numbers, program=self._program)
        taken = counting.count(session, run_id=run_id, refused=refused)
        self._run(session, "unchanged")
        self._run(session, "name")
        self._write(session, run_id=run_id)
        return taken

    def check(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:  # noqa: ARG002 -- the protocol's
        """Tell what `load` would do with one chunk; a number that an earlier chunk had would be known by then."""
        refused = refused + self._judge(session, foreseen_by=run_id)
        taken_numbers = idempotency.claimed_staged(session, kind="bill_no", query=counting.NEW_NUMBERS)
        taken_numbers += counting.foreseen_elsewhere(session, run_id=run_id)
        refused += counting.refuse_numbers(session, taken_numbers, program=self._program)
        accounts.keep_said(session, run_id=run_id, query=_text("import_bills_left.sql"))
        return counting.count(session, run_id=run_id, refused=refused)

    def place(
        self, session: WriteSession, *, run_id: int, rows: Sequence[Row], rejects: Sequence[Reject]
    ) -> list[Reject]:
        """A refused row belongs to the unit of the account that it names."""
        return counting.place(session, run_id=run_id, rows=rows, rejects=rejects)

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:
        """Drop what a run has met."""
        return accounts.forget_seen(session, run_id=run_id, most=most)

    def finish(self, session: WriteSession, *, run_id: int) -> bool:
        """Post the next opening balances; True when none is left.

        Also those of older runs that were cut off: their bills may have come again in this file, and theirs may not.
        """
        intake.take_turn(
            session, kind=self.kind
        )  # an older run may still be at work: none of its bills may slip in here
        run_ids = [run_id, *intake.older_unfinished(session, kind=self.kind, run_id=run_id)]
        openings = statement(__package__, "openings.sql")
        found = session.sql(openings, run_ids=run_ids, limit=_OPENINGS_AT_ONCE).scalars().all()
        if not found:
            return True
        books = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=found)
        ledger.lock_books(session, book_ids=list(books.values()))
        params = {
            "source": Source.OPENING.value,
            "run_ids": run_ids,
            "account_ids": found,
            "now": self._now,
        }
        ledger.post_staged(session, query=_text("openings_post.sql"), params=params)
        session.sql(
            "update bill set opening_run_id = null where opening_run_id = any(:run_ids) and account_id = any(:ids)",
            run_ids=run_ids,
            ids=found,
        )
        apply_prepaid(session, account_ids=found, now=self._now)
        return False

    def _judge(self, session: WriteSession, *, foreseen_by: int | None = None) -> list[Reject]:
        """Give staged rows their types, compare them with what is known; answers why some cannot be taken.

        For the dry run `foreseen_by` known is also what its earlier chunks would have written.
        """
        foreign: list[Reject] = []
        if self._program is not None:
            reach = statement(__package__, "import_bills_reach.sql")
            foreign = staging.refuse(session, table="staged_bill", judgement=reach, program=self._program)
        self._run(session, "typed")
        staging.analyze(session, table="typed_bill")
        if session.sql("select exists (select from typed_bill where bill_id is not null)").scalar_one():
            self._run(session, "compare")
        if foreseen_by is not None:
            self._run(session, "said")
            self._run(session, "foreseen", run_id=foreseen_by)
        judgement = statement(__package__, "import_bills_meaning.sql")
        return foreign + staging.refuse(session, table="typed_bill", judgement=judgement)

    def _write(self, session: WriteSession, *, run_id: int) -> None:
        """Reverse, change, insert, post, in the order in which the ledger wants its locks: books first, then bills."""
        posting = [
            AccountId(account_id)
            for account_id in session.sql(
                """select distinct account_id from typed_bill
                   where posting_id is distinct from known_posting_id order by account_id"""
            ).scalars()
        ]
        has_known = session.sql("select exists (select from typed_bill where bill_id is not null)").scalar_one()
        if posting:
            books = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=posting)
            ledger.lock_books(session, book_ids=list(books.values()))
        if posting and has_known:
            self._run(session, "fresh")
            self._post(session, "import_bills_reverse.sql", bill_source=Source.BILL.value, now=self._now)
        if has_known:
            self._run(session, "lines_gone")
            self._run(session, "update")
        self._run(session, "insert", run_id=run_id)
        self._run(session, "lines_insert")
        if posting:
            self._post(session, "import_bills_post.sql", bill_source=Source.BILL.value, zone=str(self._zone))
            if has_known:
                self._move_surplus(session)
            self._tell(session)
            apply_prepaid(session, account_ids=posting, now=self._now)
        newest = session.sql(
            """select distinct on (account_id) account_id, amount_minor, issue_date from typed_bill
               order by account_id, issue_date desc, bill_id desc"""
        )
        told = [LastBill(AccountId(row.account_id), row.amount_minor, row.issue_date) for row in newest]
        if told:
            accounts.record_last_bills(session, bills=told, now=self._now)

    def _move_surplus(self, session: WriteSession) -> None:
        """What had been paid beyond an amended bill's new amount becomes prepaid balance."""
        self._run(session, "surplus")
        if session.sql("select exists (select from surplus)").scalar_one():
            self._post(session, "import_bills_surplus_post.sql", credit_source=Source.CREDIT_NOTE.value, now=self._now)
            self._run(session, "surplus_settle", now=self._now)

    def _tell(self, session: WriteSession) -> None:
        told = session.sql(
            """select account_id, bill_id, origin is null as is_new, known_state = 'issued'
                 and known_amount_minor - known_open_minor >= amount_minor as is_settled
               from typed_bill where posting_id is distinct from known_posting_id order by account_id, bill_id"""
        ).all()
        for event, chosen in (
            (BillIssued, [row for row in told if row.is_new]),
            (BillAmended, [row for row in told if not row.is_new]),
            (BillSettled, [row for row in told if row.is_settled]),
        ):
            if chosen:
                outbox.add_staged(
                    session, event, payloads=[{"account_id": row.account_id, "bill_id": row.bill_id} for row in chosen]
                )

    def _post(self, session: WriteSession, name: str, **params: object) -> None:
        ledger.post_staged(session, query=_text(name), params=params)

    def _run(self, session: WriteSession, step: str, **params: object) -> sa.CursorResult[Any]:
        return session.sql(statement(__package__, f"import_bills_{step}.sql"), **params)


def _text(name: str) -> str:
    return statement(__package__, name).clause.text
