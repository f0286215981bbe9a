"""What `wattline import bills` promises: rows, ledger and outbox agree, whatever happens half-way."""

import contextlib
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from core import faults, intake
from core.crypto.vault import Vault
from core.db import Database
from core.faults import InjectedFault
from core.intake import Report, RunTaken
from core.money import Money
from services.accounts.queries import AccountRef
from services.billing import operations, queries
from services.billing.operations import BillsLoader
from services.ledger import operations as ledger
from services.ledger import queries as ledger_queries
from services.ledger.chart import PREPAID, RECEIVABLE, Code, OwnerKind, Source, clearing
from services.ledger.operations import Posting, Transaction
from tests.factories.accounts import make_account, write_csv, write_jsonl
from tests.factories.billing import NOW, ZONE, bill_record

TABLES = ("bill", "bill_line", "bill_settlement", "account", "book", "balance", "txn", "posting", "outbox", "claim")
Import = Callable[..., Report]


@pytest.fixture
def do_import(database: Database, tmp_path: Path) -> Import:
    """Import these records as a file of its own."""
    written = 0

    def run(*records: dict[str, object], chunk_rows: int = 1000, as_csv: bool = False) -> Report:
        nonlocal written
        written += 1
        path = tmp_path / f"bills{written}.{'csv' if as_csv else 'jsonl'}"
        (write_csv if as_csv else write_jsonl)(path, list(records))
        return intake.run(database, path=path, loader=BillsLoader(zone=ZONE, now=NOW), chunk_rows=chunk_rows)

    return run


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    with database.write() as session:
        return make_account(session, vault, account_no="7000000001")


def balance(database: Database, account: AccountRef, code: Code) -> int:
    with database.read() as session:
        book = ledger_queries.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=account.id)
        if book is None:
            return 0
        return ledger_queries.balance(session, book_id=book, code=code, asset=account.currency).minor


def bills(database: Database, account: AccountRef) -> dict[str, tuple[str, int, int]]:
    with database.read() as session:
        page = queries.bills_page(session, account_id=account.id)
        return {each.bill_no: (each.state, each.amount.minor, each.open.minor) for each in page}


def told(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.sql("select kind from outbox order by id").scalars())


def sound(database: Database) -> None:
    with database.read() as session:
        assert queries.check_invariants(session) == []
        assert ledger_queries.check_invariants(session) == []


def rejected(database: Database, report: Report) -> set[tuple[int, str]]:
    with database.read() as session:
        return {(each.row_no, each.field) for each in intake.rejects(session, run_id=report.run_id)}


def pay(database: Database, account: AccountRef, bill_no: str, amount_minor: int) -> UUID:
    """What payments does with a booked payment for one bill."""
    payment_id = uuid4()
    with database.write() as session:
        book = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[account.id])[account.id]
        ledger.lock_books(session, book_ids=[book])
        bill = queries.bill_by_no(session, account_id=account.id, bill_no=bill_no)
        assert bill is not None
        taken = operations.settle(
            session,
            account_id=account.id,
            bill_id=bill.id,
            amount=Money(amount_minor, "CNY"),
            payment_id=payment_id,
            now=NOW,
        ).minor
        postings = [Posting(clearing("wechat_pay"), RECEIVABLE, Money(taken, account.currency))]
        if amount_minor > taken:
            postings.append(Posting(clearing("wechat_pay"), PREPAID, Money(amount_minor - taken, account.currency)))
        ledger.post(session, transactions=[Transaction(book, Source.PAYMENT, payment_id, NOW, postings)])
    return payment_id


def versions(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return [
            row
            for table in TABLES
            for row in connection.execute(
                f"select '{table}', ctid::text, xmin::text, xmax::text from {table} order by ctid"
            ).fetchall()
        ]


def test_a_new_open_bill_is_posted_by_its_lines_and_told(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    assert do_import(bill_record("7000000001", "B-0001")).rejected == 0
    assert bills(database, account) == {"B-0001": ("issued", 12_860, 12_860)}
    assert balance(database, account, RECEIVABLE) == 12_860
    assert balance(database, account, Code("revenue.energy")) == 12_860 - 1_286 - 100
    assert balance(database, account, Code("funds.renewable_energy")) == 100
    assert balance(database, account, Code("tax.vat")) == 1_286
    assert told(database) == [3]
    with database.read() as session:
        found = queries.bill_by_no(session, account_id=account.id, bill_no="B-0001")
        assert found is not None
        assert [line.code for line in queries.lines(session, account_id=account.id, bill_id=found.id)] == [
            "energy",
            "funds.renewable_energy",
            "tax.vat",
        ]
        owed = queries.owed(session, account_id=account.id)
        assert (owed.due.minor, owed.prepaid.minor, owed.next_due, owed.open_count) == (12_860, 0, date(2026, 6, 25), 1)
    sound(database)


@pytest.mark.usefixtures("account")
def test_json_lines_and_csv_say_the_same(database: Database, do_import: Import) -> None:
    nested = [
        {"code": "energy", "quantity": 230.5, "unit": "kWh", "unit_price": "0.5469", "amount_minor": 11_474},
        {"code": "funds.renewable_energy", "amount_minor": 100},
        {"code": "tax.vat", "amount_minor": 1_286},
    ]
    assert do_import(bill_record("7000000001", "B-0001", lines=nested)).rejected == 0
    assert do_import(bill_record("7000000001", "B-0001"), as_csv=True).rejected == 0
    assert told(database) == [3]
    sound(database)


def test_a_credit_line_is_posted_the_other_way_round(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    lines = "energy||||10000;power_factor||||-750"
    assert do_import(bill_record("7000000001", "B-0001", amount_minor=9_250, lines=lines)).rejected == 0
    assert balance(database, account, RECEIVABLE) == 9_250
    assert balance(database, account, Code("revenue.power_factor")) == -750
    sound(database)


def test_settled_history_is_stored_and_not_posted(database: Database, do_import: Import, account: AccountRef) -> None:
    assert do_import(bill_record("7000000001", "B-0001", state="settled", lines=None)).rejected == 0
    assert bills(database, account) == {"B-0001": ("settled", 12_860, 0)}
    assert balance(database, account, RECEIVABLE) == 0
    assert told(database) == []
    sound(database)


def test_part_paid_bills_become_one_opening_balance_per_account_and_file(
    database: Database, do_import: Import, account: AccountRef, owner_dsn: str
) -> None:
    records = [
        bill_record("7000000001", f"B-000{number}", open_minor=1_000 * number, lines=None) for number in (1, 2, 3)
    ]
    assert do_import(*records, chunk_rows=1).rejected == 0
    assert balance(database, account, RECEIVABLE) == 6_000
    assert balance(database, account, Code("opening")) == 6_000
    with psycopg.connect(owner_dsn) as connection:
        assert connection.execute("select count(*) from txn").fetchone() == (1,)
    sound(database)
    do_import(*records)
    assert balance(database, account, RECEIVABLE) == 6_000


def part_paid(number: int) -> dict[str, object]:
    return bill_record("7000000001", f"B-000{number}", open_minor=1_000 * number, lines=None)


def cut_off(do_import: Import, *records: dict[str, object]) -> None:
    """Import these, killed before the last step of the file."""

    def die(point: str) -> None:
        if point == "import.finish.before_commit":
            raise InjectedFault(point)

    faults.arm(die)
    try:
        with pytest.raises(InjectedFault):
            do_import(*records)
    finally:
        faults.arm(None)


def test_what_a_run_that_was_cut_off_left_open_is_posted_by_the_corrected_file(
    database: Database, do_import: Import, account: AccountRef, tmp_path: Path
) -> None:
    cut_off(do_import, part_paid(1), part_paid(2))
    assert balance(database, account, RECEIVABLE) == 0
    assert do_import(part_paid(2), part_paid(3)).rejected == 0
    assert balance(database, account, RECEIVABLE) == 6_000
    sound(database)
    resumed = intake.run(database, path=tmp_path / "bills1.jsonl", loader=BillsLoader(zone=ZONE, now=NOW))
    assert (resumed.rows, resumed.resumed_from) == (2, 2)
    assert do_import(part_paid(4)).rejected == 0
    assert balance(database, account, RECEIVABLE) == 10_000
    sound(database)


def test_a_part_paid_bill_that_no_run_will_post_is_a_breach(
    database: Database, do_import: Import, account: AccountRef, owner_dsn: str
) -> None:
    cut_off(do_import, part_paid(1))
    sound(database)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update import_run set started_at = now() - interval '25 hours'")
    with database.read() as session:
        found = queries.check_invariants(session)
    assert [(each.rule, each.account_id) for each in found] == [("openings_are_posted", account.id)]
    do_import(part_paid(2))
    sound(database)


@pytest.mark.usefixtures("account")
def test_a_file_of_bills_does_not_wait_for_another_that_takes_long(database: Database, do_import: Import) -> None:
    with database.write() as other:
        intake.take_turn(other, kind="bills")
        with pytest.raises(RunTaken):
            do_import(part_paid(1))


def test_prepaid_balance_is_applied_at_issue_oldest_due_first(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    do_import(bill_record("7000000001", "B-0001", amount_minor=5_000))
    pay(database, account, "B-0001", 20_000)
    assert balance(database, account, PREPAID) == 15_000
    do_import(
        bill_record("7000000001", "B-0002", amount_minor=9_000, due_date="2026-08-01"),
        bill_record("7000000001", "B-0003", amount_minor=8_000, due_date="2026-07-01"),
    )
    assert bills(database, account)["B-0003"] == ("settled", 8_000, 0)
    assert bills(database, account)["B-0002"] == ("issued", 9_000, 2_000)
    assert balance(database, account, PREPAID) == 0
    assert balance(database, account, RECEIVABLE) == 2_000
    assert told(database) == [3, 5, 3, 3, 5]
    sound(database)


def test_a_changed_amount_reverses_posts_anew_and_says_so(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    do_import(bill_record("7000000001", "B-0001", amount_minor=10_000))
    pay(database, account, "B-0001", 4_000)
    assert do_import(bill_record("7000000001", "B-0001", amount_minor=12_000)).rejected == 0
    assert bills(database, account) == {"B-0001": ("issued", 12_000, 8_000)}
    assert balance(database, account, RECEIVABLE) == 8_000
    assert balance(database, account, Code("tax.vat")) == 1_200
    assert told(database) == [3, 4]
    sound(database)


def test_what_was_paid_beyond_an_amended_bill_becomes_prepaid(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    do_import(bill_record("7000000001", "B-0001", amount_minor=10_000))
    pay(database, account, "B-0001", 7_000)
    do_import(bill_record("7000000001", "B-0001", amount_minor=5_000))
    assert bills(database, account) == {"B-0001": ("settled", 5_000, 0)}
    assert balance(database, account, RECEIVABLE) == 0
    assert balance(database, account, PREPAID) == 2_000
    assert told(database) == [3, 4, 5]
    sound(database)
    do_import(bill_record("7000000001", "B-0001", amount_minor=10_000))
    assert bills(database, account) == {"B-0001": ("issued", 10_000, 3_000)}
    assert balance(database, account, PREPAID) == 0
    sound(database)


def test_other_lines_with_the_same_sum_are_an_amendment(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    do_import(bill_record("7000000001", "B-0001", amount_minor=1_000, lines="energy||||1000"))
    do_import(bill_record("7000000001", "B-0001", amount_minor=1_000, lines="energy||||900;tax.vat||||100"))
    assert told(database) == [3, 4]
    assert balance(database, account, Code("revenue.energy")) == 900
    assert balance(database, account, RECEIVABLE) == 1_000
    sound(database)


def test_another_due_date_is_stored_and_nothing_is_posted(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    do_import(bill_record("7000000001", "B-0001"))
    do_import(bill_record("7000000001", "B-0001", due_date="2026-07-25"))
    assert told(database) == [3]
    with database.read() as session:
        assert queries.owed(session, account_id=account.id).next_due == date(2026, 7, 25)
    sound(database)


def test_the_same_file_again_changes_nothing_even_after_payment(
    database: Database, do_import: Import, account: AccountRef, owner_dsn: str
) -> None:
    records = [
        bill_record("7000000001", "B-0001"),
        bill_record("7000000001", "B-0002", state="settled"),
        bill_record("7000000001", "B-0003", open_minor=60, lines=None),
    ]
    do_import(*records)
    pay(database, account, "B-0001", 12_860)
    before = versions(owner_dsn)
    assert do_import(*records).rejected == 0
    assert versions(owner_dsn) == before


def test_bad_bills_are_rejected_with_field_and_the_rest_is_taken(
    database: Database, do_import: Import, account: AccountRef, vault: Vault
) -> None:
    with database.write() as session:
        make_account(session, vault, account_no="7000000002")
    do_import(
        bill_record("7000000001", "B-KEPT"),
        bill_record("7000000001", "B-ELSE", state="settled"),
        bill_record("7000000001", "B-PAST", state="settled"),
    )
    no = "7000000001"
    report = do_import(
        bill_record("7999999999", "B-1001"),
        bill_record("7000000002", "B-ELSE"),
        bill_record(no, "B-1003") | {"amount_minor": "12.5"},
        bill_record(no, "B-1004", lines="energy||||1"),
        bill_record(no, "B-1005", lines="magic||||12860"),
        bill_record(no, "B-1006", lines=None),
        bill_record(no, "B-1007", period_end="2026-05-01"),
        bill_record(no, "B-1008", due_date="2026-06-01"),
        bill_record(no, "B-1009", open_minor=99_999_999),
        bill_record(no, "B-1010", state="paid"),
        bill_record(no, "B-1011", issue_date="2026-13-01"),
        bill_record(no, "B-1012", energy_kwh="NaN"),
        bill_record(no, "B-PAST"),
        bill_record(no, "B-KEPT", state="settled"),
        bill_record(no, "B-1015", amount_minor=99_999_999_999_999_999_999, lines=None),
        bill_record(no, "B-1016", lines="energy|1|kWh|1"),
        bill_record(no, "B-1017", lines="energy|99999999999999999999|kWh|1|12860"),
        bill_record(no, "B-1018", lines="energy|1.2345|kWh|1|12860"),
        bill_record(no, "B-1019", lines="energy|1|" + "k" * 17 + "|1|12860"),
        bill_record(no, "B-GOOD"),
        bill_record(no, "B-GOOD", amount_minor=5),
    )
    assert rejected(database, report) == {
        (1, "account_no"),
        (2, "bill_no"),
        (3, "amount_minor"),
        (4, "lines"),
        (5, "lines"),
        (6, "lines"),
        (7, "period_end"),
        (8, "due_date"),
        (9, "open_minor"),
        (10, "state"),
        (11, "issue_date"),
        (12, "energy_kwh"),
        (13, "state"),
        (14, "state"),
        (15, "amount_minor"),
        (16, "lines"),
        (17, "lines"),
        (18, "lines"),
        (19, "lines"),
        (21, "bill_no"),
    }
    assert set(bills(database, account)) == {"B-KEPT", "B-ELSE", "B-PAST", "B-GOOD"}
    sound(database)


def test_the_latest_bill_is_the_proof_that_accounts_ask_for(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    newest = bill_record("7000000001", "B-0002", amount_minor=777, lines="energy||||777")
    oldest = bill_record("7000000001", "B-0001", issue_date="2026-01-03", due_date="2026-01-20", state="settled")
    do_import(newest, oldest, chunk_rows=1)
    with database.read() as session:
        assert session.sql("select last_bill_minor from account where id = :id", id=account.id).scalar_one() == 777


def test_a_put_back_payment_opens_the_bill_again_once(
    database: Database, do_import: Import, account: AccountRef
) -> None:
    do_import(bill_record("7000000001", "B-0001", amount_minor=1_000, lines="energy||||1000"))
    payment_id = pay(database, account, "B-0001", 1_000)
    with database.write() as session:
        first = operations.put_back(session, account_id=account.id, payment_id=payment_id, now=NOW)
        second = operations.put_back(session, account_id=account.id, payment_id=payment_id, now=NOW)
    assert [(no, amount.minor) for no, amount in first] == [("B-0001", 1_000)]
    assert second == []
    assert bills(database, account) == {"B-0001": ("issued", 1_000, 1_000)}


def dump(database: Database) -> list[tuple[object, ...]]:
    """Everything that must not depend on how often an import died."""
    with database.read() as session:
        rows = session.sql(
            """select a.account_no, b.bill_no, b.state, b.amount_minor, b.open_minor, b.origin, b.opening_run_id,
                 (select sum(l.amount_minor) from bill_line l where l.account_id = b.account_id and l.bill_id = b.id),
                 (select balance from book k join balance x on x.book_id = k.id join ledger_code c on c.code = x.code and c.name = 'receivable'
                  where k.owner_kind = 'account' and k.owner_id = a.id), a.last_bill_minor
               from bill b join account a on a.id = b.account_id order by 1, 2"""
        ).all()
        kinds = session.sql("select kind, count(*) from outbox group by kind order by kind").all()
        return [*(tuple(row) for row in rows), *(tuple(row) for row in kinds)]


def history(accounts: int) -> list[dict[str, object]]:
    """A year of bills per account: eleven settled, one open, and a few with faults."""
    records = []
    for number in range(1, accounts + 1):
        for month in range(1, 13):
            record = bill_record(
                f"71000000{number:02d}",
                f"B{number:04d}-{month:02d}",
                amount_minor=1_000 * number + month * 10,
                period_first=f"2025-{month:02d}-01",
                period_end=f"2025-{month + 1:02d}-01" if month < 12 else "2026-01-01",
                issue_date=f"2026-{month:02d}-03",
                due_date=f"2026-{month:02d}-25",
                state="open" if month == 12 else "settled",
            )
            if month == 11 and number % 5 == 0:
                record |= {"state": "open", "open_minor": 500}
            if month == 6 and number % 7 == 0:
                record["energy_kwh"] = "much"
            records.append(record)
    return records


@pytest.mark.parametrize("seed", range(3))
def test_an_import_killed_at_random_ends_like_an_undisturbed_one(
    database: Database, do_import: Import, vault: Vault, tmp_path: Path, seed: int
) -> None:
    with database.write() as writing:
        for number in range(1, 21):
            make_account(writing, vault, account_no=f"71000000{number:02d}")
    path = write_jsonl(tmp_path / "history.jsonl", history(20))
    chance = random.Random(seed)
    deaths = 0

    def die_sometimes(point: str) -> None:
        nonlocal deaths
        if point.startswith("import.") and deaths < 10 and chance.random() < 0.3:
            deaths += 1
            raise InjectedFault(point)

    faults.arm(die_sometimes)
    report = None
    try:
        while report is None:
            with contextlib.suppress(InjectedFault):
                report = intake.run(database, path=path, loader=BillsLoader(zone=ZONE, now=NOW), chunk_rows=17)
    finally:
        faults.arm(None)
    assert (report.rows, report.rejected, deaths) == (240, 2, 10)
    sound(database)
    disturbed = dump(database)
    with database.read() as session:
        refused = intake.rejects(session, run_id=report.run_id)
    assert [(each.row_no, each.field) for each in refused] == [(6 * 12 + 6, "energy_kwh"), (13 * 12 + 6, "energy_kwh")]
    assert do_import(*history(20)).rejected == 2
    assert dump(database) == disturbed
    with database.read() as session:
        expected = sum(1_000 * number + 120 for number in range(1, 21)) + 500 * 4
        assert session.sql("select sum(open_minor) from bill").scalar_one() == expected
