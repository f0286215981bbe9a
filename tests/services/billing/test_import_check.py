"""Dry runs and files that tell all: they say what an import comes to, unit by unit, and touch nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
import pytest

from core import faults, intake
from core.crypto.vault import Vault
from core.db import Database
from core.faults import InjectedFault
from core.intake import Report
from services.accounts.operations import AccountsLoader, WholeAccounts
from services.accounts.queries import imports
from services.accounts.queries.imports import AmountTotal, UnitTotal
from services.billing import queries
from services.billing.operations import BillsLoader, WholeBills
from tests.factories.accounts import account_record, make_account, make_unit, write_jsonl
from tests.factories.billing import NOW, ZONE, bill_record

HERE: Final = "7000000001"
THERE: Final = "7000000002"
REPORTS: Final = frozenset({"import_run", "import_reject", "import_total", "import_amount", "import_vanished", "audit"})
Record = dict[str, object]


@pytest.fixture
def accounts(database: Database, vault: Vault) -> None:
    """An account in each of two units, with a bill that is known as it is."""
    with database.write() as session:
        for number, code in ((HERE, "3701"), (THERE, "3702")):
            make_account(session, vault, unit_id=make_unit(session, code=code), account_no=number)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """A file with these records."""
    return lambda *records: write_jsonl(tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl", list(records))


def run(database: Database, path: Path, whole: WholeBills | None = None, *, chunk_rows: int = 3) -> Report:
    return intake.run(database, path=path, loader=BillsLoader(zone=ZONE, now=NOW), whole=whole, chunk_rows=chunk_rows)


def check(database: Database, path: Path, whole: WholeBills | None = None, *, chunk_rows: int = 3) -> Report:
    return intake.check(database, path=path, loader=BillsLoader(zone=ZONE, now=NOW), whole=whole, chunk_rows=chunk_rows)


def totals(database: Database, report: Report) -> list[UnitTotal]:
    with database.read() as session:
        return imports.totals(session, run_id=report.run_id)


def vanished(database: Database, report: Report) -> list[tuple[str, str, int | None]]:
    with database.read() as session:
        found = imports.vanished(session, run_id=report.run_id, after=("", ""), limit=100)
    return [(each.account_no, each.bill_no, each.open_minor) for each in found]


def everything(dsn: str) -> dict[str, list[tuple[object, ...]]]:
    """Who wrote each row of each table but reports, and where it lies."""
    with psycopg.connect(dsn) as connection:
        names = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        return {
            name: connection.execute(f"select ctid::text, xmin::text, xmax::text from {name} order by ctid").fetchall()
            for (name,) in names
            if name not in REPORTS
        }


def counts(report: Report) -> tuple[int, ...]:
    return (report.rows, report.new, report.changed, report.unchanged, report.rejected)


KNOWN: Final = [
    bill_record(HERE, "B-SAME"),
    bill_record(HERE, "B-MORE", amount_minor=10_000),
    bill_record(THERE, "B-DATE"),
]
MIXED: Final = [
    bill_record(HERE, "B-SAME"),
    bill_record(HERE, "B-MORE", amount_minor=12_000),
    bill_record(THERE, "B-DATE", due_date="2026-07-25"),
    bill_record(HERE, "B-0001", amount_minor=5_000),
    bill_record(HERE, "B-0002", amount_minor=4_000, open_minor=1_000, lines=None),
    bill_record(THERE, "B-0003", amount_minor=3_000, state="settled"),
    bill_record(HERE, "B-0001", amount_minor=5_000),
    bill_record(THERE, "B-MORE"),
    bill_record(THERE, "B-0004", energy_kwh="much"),
    bill_record("7999999999", "B-0005"),
]
"""Of every kind that there is: the seventh row says in a later chunk what the fourth said."""


@pytest.mark.usefixtures("accounts")
def test_a_dry_run_says_what_the_import_then_does_and_writes_nothing(
    database: Database, owner_dsn: str, written: Callable[..., Path]
) -> None:
    run(database, written(*KNOWN))
    path, before = written(*MIXED), everything(owner_dsn)
    dry = check(database, path)
    assert everything(owner_dsn) == before
    assert counts(dry) == (10, 3, 2, 2, 3)
    assert totals(database, dry) == [
        UnitTotal("", "", 0, 0, 0, 1, 0, 0, []),
        UnitTotal(
            "3701",
            "某省电力",
            2,
            1,
            2,
            0,
            1,
            0,
            [
                AmountTotal("CNY", "open", 4, 12_860 + 12_000 + 2 * 5_000, 12_860 + 12_000 + 2 * 5_000, 2_000 + 5_000),
                AmountTotal("CNY", "opening", 1, 4_000, 1_000, 1_000),
            ],
        ),
        UnitTotal(
            "3702",
            "某省电力",
            1,
            1,
            0,
            2,
            1,
            0,
            [AmountTotal("CNY", "open", 1, 12_860, 12_860, 0), AmountTotal("CNY", "settled", 1, 3_000, 0, 0)],
        ),
    ]
    done = run(database, path)
    assert (counts(done), totals(database, done)) == (counts(dry), totals(database, dry))
    again = check(database, path)
    assert counts(again) == (10, 0, 0, 7, 3)
    assert [row.owed_minor for each in totals(database, again) for row in each.amounts] == [0, 0, 0, 0]


@pytest.mark.usefixtures("accounts")
def test_a_dry_run_compares_a_repeated_number_with_what_the_earlier_row_said(
    database: Database, written: Callable[..., Path]
) -> None:
    run(database, written(*KNOWN))
    file = written(
        bill_record(HERE, "B-SAME", amount_minor=20_000),
        bill_record(HERE, "B-0001", amount_minor=5_000),
        bill_record(HERE, "B-0002", amount_minor=3_000, state="settled"),
        bill_record(HERE, "B-0001", amount_minor=7_000),
        bill_record(HERE, "B-SAME"),
        bill_record(HERE, "B-0002", amount_minor=3_000),
        bill_record(HERE, "B-0001", amount_minor=7_000),
        bill_record(THERE, "B-0002", amount_minor=3_000),
        bill_record(HERE, "B-SAME", due_date="2026-07-25"),
    )
    dry = check(database, file)
    done = run(database, file)
    assert (counts(done), totals(database, done)) == (counts(dry), totals(database, dry))
    assert counts(dry) == (9, 2, 4, 1, 2)


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("point", ["import.chunk.before_commit", "import.chunk.committed"])
def test_a_dry_run_that_was_cut_off_goes_on_and_comes_to_the_same(
    database: Database, written: Callable[..., Path], point: str
) -> None:
    run(database, written(*KNOWN))
    path, deaths = written(*MIXED), 0
    undisturbed = check(database, written(*MIXED, bill_record("7888888888", "B-0006")), WholeBills(""))

    def die_at_times(reached: str) -> None:
        nonlocal deaths
        if reached == point and deaths < 3:
            deaths += 1
            raise InjectedFault(point)

    faults.arm(die_at_times)
    report = None
    try:
        while report is None:
            try:
                report = check(database, path, WholeBills(""))
            except InjectedFault:
                continue
    finally:
        faults.arm(None)
    assert deaths == 3
    assert (report.new, report.changed, report.unchanged) == (3, 2, 2)
    assert [each for each in totals(database, report) if each.code] == [
        each for each in totals(database, undisturbed) if each.code
    ]
    with database.read() as session:
        assert session.sql("select count(*) from import_seen").scalar_one() == 0


@pytest.mark.usefixtures("accounts")
def test_a_file_that_tells_all_lists_open_bills_that_are_not_in_it_and_closes_none(
    database: Database, owner_dsn: str, written: Callable[..., Path]
) -> None:
    run(database, written(*KNOWN, bill_record(THERE, "B-GONE", open_minor=60, lines=None)))
    run(database, written(bill_record(THERE, "B-PAST", state="settled")))
    file = written(bill_record(HERE, "B-SAME", energy_kwh="much"), bill_record(THERE, "B-NEWS"))
    before = everything(owner_dsn)
    dry = check(database, file, WholeBills(""))
    assert everything(owner_dsn) == before
    assert (dry.vanished, dry.known) == (3, 4)
    gone = [(HERE, "B-MORE", 10_000), (THERE, "B-DATE", 12_860), (THERE, "B-GONE", 60)]
    assert vanished(database, dry) == gone
    done = run(database, file, WholeBills(""))
    assert (done.vanished, done.known) == (3, 5)
    assert vanished(database, done) == gone
    assert [(each.code, each.vanished) for each in totals(database, done)] == [("3701", 1), ("3702", 2)]
    with database.read() as session:
        assert session.sql("select count(*) from bill where open_minor > 0").scalar_one() == 5
        assert queries.check_invariants(session) == []


@pytest.mark.usefixtures("accounts")
def test_a_file_that_tells_all_of_a_unit_says_nothing_of_another(
    database: Database, written: Callable[..., Path]
) -> None:
    run(database, written(*KNOWN))
    dry = check(database, written(bill_record(HERE, "B-SAME")), WholeBills("3701"))
    assert (dry.vanished, dry.known) == (1, 2)
    assert vanished(database, dry) == [(HERE, "B-MORE", 10_000)]
    empty = check(database, written(), WholeBills(""))
    assert (empty.vanished, empty.known) == (3, 3)


@pytest.mark.usefixtures("accounts")
def test_a_dry_run_of_accounts_says_what_the_import_then_does_and_what_vanished(
    database: Database, vault: Vault, owner_dsn: str, written: Callable[..., Path]
) -> None:
    loader = AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)
    known = [account_record(number) for number in range(1, 8)]
    intake.run(database, path=written(*known), loader=loader)
    others: list[Record] = [{"name": "李四"}, {"door": "9-9"}, {"meter_no": "NEW"}, {"state": "closed"}, {}]
    others.append({"agreement_from": "2025-01-01"})
    file = written(
        *(record | other for record, other in zip(known, others, strict=False)),
        account_record(8, unit_code="3702"),
        account_record(9, unit_code="nowhere"),
        account_record(10, **{"class": "palace"}),
        account_record(8, unit_code="3702", state="suspended"),
    )
    before = everything(owner_dsn)
    dry = intake.check(database, path=file, loader=loader, whole=WholeAccounts("3701"), chunk_rows=4)
    assert everything(owner_dsn) == before
    assert counts(dry) == (10, 1, 6, 1, 2)
    done = intake.run(database, path=file, loader=loader, whole=WholeAccounts("3701"), chunk_rows=4)
    assert (counts(done), totals(database, done)) == (counts(dry), totals(database, dry))
    assert [(each.code, each.new, each.changed, each.unchanged, each.rejected) for each in totals(database, done)] == [
        ("", 0, 0, 0, 1),
        ("3701", 0, 5, 1, 1),
        ("3702", 1, 1, 0, 0),
    ]
    assert vanished(database, done) == [(HERE, "", None), ("8000000007", "", None)]


@pytest.mark.usefixtures("accounts")
def test_of_many_rejects_the_first_of_each_unit_are_kept(database: Database, written: Callable[..., Path]) -> None:
    bad = [bill_record(HERE, f"B-{number:05d}", state="paid") for number in range(intake.KEEP_REJECTS + 5)]
    report = check(database, written(*bad, bill_record(THERE, "B-OTHER", state="paid")), chunk_rows=1000)
    with database.write() as session:
        assert intake.trim(session, run_id=report.run_id, most=3) == 3
        assert intake.trim(session, run_id=report.run_id, most=3) == 2
        kept = intake.rejects(session, run_id=report.run_id, limit=10_000)
    assert len(kept) == intake.KEEP_REJECTS + 1
    assert (kept[0].row_no, kept[-2].row_no, kept[-1].row_no) == (1, intake.KEEP_REJECTS, intake.KEEP_REJECTS + 6)
    assert [each.rejected for each in totals(database, report)] == [intake.KEEP_REJECTS + 5, 1]
