"""Who bills an account: from the day on which it is billed here, bills of later periods do not come from outside."""

from datetime import date
from typing import Any

import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.records import Reject, Row
from services.accounts.queries import AccountRef
from services.billing import queries
from services.billing.operations import BillingModesLoader, BillsLoader
from tests.factories.accounts import give_tariff, make_account
from tests.factories.billing import ZONE, bill_record

COLUMNS = BillsLoader.layout.columns
SWITCH = "2026-06-01"
LATE = "lies on or after the day from which this account is billed here"


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    with database.write() as session:
        made = make_account(session, vault, meter_no="M1")
        give_tariff(session, made.id)
    return made


def run(session: WriteSession, kind: str) -> int:
    found: int = session.sql(
        "insert into import_run (kind, file_digest, finished_at) values (:kind, sha256(''), now()) returning id",
        kind=kind,
    ).scalar_one()
    return found


def switch(database: Database, *rows: tuple[str | None, ...]) -> list[tuple[str, str]]:
    with database.write() as session:
        staged = [Row(no, row) for no, row in enumerate(rows, 1)]
        loader = BillingModesLoader(now=clock.now())
        refused = loader.stage(session, staged)
        found = loader.load(session, run_id=run(session, "billing-modes"), rows=staged, refused=refused)
    return [(each.field, each.reason) for each in found.rejects]


def bills(database: Database, *records: dict[str, Any]) -> list[Reject]:
    loader = BillsLoader(zone=ZONE, now=clock.now())
    values = [tuple(None if each.get(name) is None else str(each[name]) for name in COLUMNS) for each in records]
    with database.write() as session:
        rows = [Row(no, row) for no, row in enumerate(values, 1)]
        return loader.load(
            session, run_id=run(session, "bills"), rows=rows, refused=loader.stage(session, rows)
        ).rejects


def period(account: AccountRef, no: str, first: str, end: str, **other: Any) -> dict[str, Any]:
    return bill_record(account.account_no, f"{account.account_no}-{no}", period_first=first, period_end=end, **other)


def acts(database: Database, account: AccountRef) -> list[tuple[Any, Any]]:
    with database.read() as session:
        rows = session.sql(
            "select before, after from audit where act = 'billing.mode_changed' and subject = :subject order by id",
            subject=f"account:{account.id}",
        )
        return [(row.before["native_from"], row.after["native_from"]) for row in rows]


def test_bills_from_outside_end_with_the_last_period_that_begins_before_the_day(
    database: Database, account: AccountRef
) -> None:
    may = period(account, "may", "2026-05-01", "2026-06-01")
    assert bills(database, may) == []
    assert switch(database, (account.account_no, "native", SWITCH)) == []
    across = period(account, "across", "2026-05-31", "2026-07-01")
    june = period(account, "june", SWITCH, "2026-07-01")
    refused = bills(database, across, june, period(account, "july", "2026-07-01", "2026-08-01", state="settled"))
    assert sorted((each.row_no, each.field, each.reason) for each in refused) == [
        (2, "period_first", LATE),
        (3, "period_first", LATE),
    ]
    amended = {**may, "amount_minor": 10_000, "lines": "energy||||10000"}
    assert bills(database, amended) == []
    moved = bills(database, {**amended, "period_first": SWITCH, "period_end": "2026-07-01"})
    assert [each.reason for each in moved] == [LATE]
    with database.read() as session:
        assert queries.owed(session, account_id=account.id).due.minor == 10_000 + 12_860


def test_a_day_before_a_bill_that_is_here_already_is_refused(database: Database, account: AccountRef) -> None:
    bills(database, period(account, "june", SWITCH, "2026-07-01"))
    early = [("native_from", "is too early: bills of periods from this day on are here already")]
    assert switch(database, (account.account_no, "native", SWITCH)) == early
    assert switch(database, (account.account_no, "native", "2026-06-02")) == []
    assert acts(database, account) == [(None, "2026-06-02")]


def test_a_mode_may_change_again_and_each_change_is_audited_once(database: Database, account: AccountRef) -> None:
    no = account.account_no
    for mode in (("native", SWITCH), ("native", SWITCH), ("native", "2026-07-01"), ("external", None)):
        assert switch(database, (no, *mode)) == []
    assert acts(database, account) == [(None, SWITCH), (SWITCH, "2026-07-01"), ("2026-07-01", None)]
    assert bills(database, period(account, "august", "2026-08-01", "2026-09-01")) == []


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (("nobody", "native", SWITCH), "account_no"),
        (("", "native", "today"), "native_from"),
        (("", "native", "2026-02-30"), "native_from"),
        (("", "native", None), "native_from"),
        (("", "external", SWITCH), "native_from"),
        (("", "both", None), "billing"),
        (("", None, None), "billing"),
    ],
)
def test_a_wrong_row_is_told_by_its_field_and_changes_nothing(
    row: tuple[str, str | None, str | None], field: str, database: Database, account: AccountRef
) -> None:
    wrong = (row[0] or account.account_no, *row[1:])
    assert [told for told, _ in switch(database, wrong)] == [field]
    assert acts(database, account) == []


def test_the_same_account_twice_is_told(database: Database, account: AccountRef) -> None:
    rows = ((account.account_no, "native", SWITCH), (account.account_no, "external", None))
    assert switch(database, *rows) == [("account_no", "stands twice in the file")]
    assert acts(database, account) == [(None, str(date.fromisoformat(SWITCH)))]


def test_an_account_without_a_meter_or_a_tariff_of_that_day_is_not_billed_here(
    database: Database, vault: Vault, account: AccountRef
) -> None:
    with database.write() as session:
        no_meter, no_tariff = make_account(session, vault), make_account(session, vault, meter_no="M2")
        give_tariff(session, no_meter.id)
    rows = [(each.account_no, "native", SWITCH) for each in (no_meter, no_tariff)]
    before = (account.account_no, "native", "2019-12-31")
    lacks = "is native for an account of which name, address, meter, or a tariff of that day is missing"
    assert switch(database, *rows, before) == [("billing", lacks)] * 3
    assert switch(database, (account.account_no, "native", SWITCH)) == []
    assert switch(database, (no_meter.account_no, "external", None)) == [], "to be billed outside needs nothing"
