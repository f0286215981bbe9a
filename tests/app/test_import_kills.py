"""`wattline import` killed, doubled and starved, as the process that it is: the end is that of an undisturbed run."""

import hashlib
import json
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, LiteralString

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from app.commands import import_
from app.commands.import_ import Kind
from core import intake
from core.config import Settings
from core.db import Database
from core.intake import Report
from services.billing import queries as billing
from services.ledger import queries as ledger
from tests.conftest import Servers, cloned
from tests.factories.accounts import account_record, write_csv, write_jsonl
from tests.support.processes import Heard, environment_of
from tests.support.waiting import wait_until

ACCOUNTS: Final = 600
CHUNK: Final = 200
COMMAND: Final = f"""
{{before}}
import functools, sys
from core import intake
intake.run = functools.partial(intake.run, chunk_rows={CHUNK})
from app.cli import main
sys.exit(main())
"""
"""The command itself, in chunks small enough for a test."""

FULL_DISK: Final = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
"""From now on a file may not grow beyond 100 bytes: for the program that writes it, the disk is full."""

POINTS: Final = {
    Kind.ACCOUNTS: ("import.chunk.before_commit", "import.chunk.committed"),
    Kind.BILLS: ("import.chunk.committed", "import.finish.before_commit"),
    Kind.READINGS: ("import.chunk.committed",),
    Kind.REGISTER_READINGS: ("import.chunk.committed",),
}
TABLES: Final[dict[Kind, tuple[LiteralString, ...]]] = {
    Kind.ACCOUNTS: ("customer", "contact_point", "premises", "account", "agreement", "meter"),
    Kind.BILLS: ("bill", "bill_line", "book", "txn", "posting", "balance", "outbox"),
    Kind.READINGS: ("reading_series", "interval_day", "interval_day_revision", "reading_quarantine", "usage_change"),
    Kind.REGISTER_READINGS: ("meter_register", "register_reading", "reading_quarantine", "usage_change"),
}
"""What every chunk writes: at any row of these a run may be killed, in the middle of a statement."""

RANDOM_KILLS: Final = {Kind.ACCOUNTS: 5, Kind.BILLS: 5, Kind.READINGS: 2, Kind.REGISTER_READINGS: 1}

FAR: Final = -1_000_000_000
MOMENT: Final[LiteralString] = """
drop function if exists moment cascade;
drop sequence if exists row_number;
create sequence row_number minvalue -1000000000 start -1000000000;
create function moment() returns trigger language plpgsql security definer set search_path = public as $$
begin
  if nextval('row_number') = 0 then perform pg_advisory_xact_lock(0); end if;
  return new;
end $$;
"""
ITS_SESSIONS: Final = "select from pg_stat_activity where datname = current_database() and usename = 'wattline_app'"

UNITS: Final[list[dict[str, object]]] = [
    {"code": "37", "parent_code": None, "kind": "province", "name": "某省电力"},
    {"code": "3701", "parent_code": "37", "kind": "city", "name": "济南供电"},
]

CONTENT: Final[dict[str, LiteralString]] = {
    "unit": "select code, kind, name, path from unit",
    "customer": "select customer_no, kind, name_masked, tokens, fingerprint from customer",
    "contact_point": """select c.customer_no, p.id, p.kind, p.address_blind, p.address_masked, p.locale
        from contact_point p join customer c on c.id = p.customer_id""",
    "premises": "select premises_no, district, street, building, door_sealed is null, fingerprint from premises",
    "account": """select a.account_no, u.code, c.customer_no, p.premises_no, a.class, a.state, a.currency,
          a.last_bill_minor, a.last_bill_issued
        from account a join unit u on u.id = a.unit_id join customer c on c.id = a.customer_id
        join premises p on p.id = a.premises_id""",
    "account_search": """select s.account_no, u.code, s.terms from account_search s join unit u on u.id = s.unit_id""",
    "agreement": """select a.account_no, g.id, g.tariff_code, g.is_prepaid, g.valid_from, g.valid_to
        from agreement g join account a on a.id = g.account_id""",
    "holding_change": """select a.account_no, h.on_day from holding_change h join account a on a.id = h.account_id""",
    "meter": "select m.meter_no, a.account_no from meter m join account a on a.id = m.account_id",
    "claim": "select kind, key from claim",
    "bill": """select a.account_no, b.bill_no, b.period_first, b.period_end, b.issue_date, b.due_date, b.energy_kwh,
          b.amount_minor, b.open_minor, b.state, b.origin, b.opening_run_id is null
        from bill b join account a on a.id = b.account_id""",
    "bill_line": """select b.bill_no, l.line_no, l.code, l.quantity, l.unit, l.unit_price, l.amount_minor
        from bill_line l join bill b on (b.account_id, b.id) = (l.account_id, l.bill_id)""",
    "book": "select a.account_no, k.version from book k join account a on a.id = k.owner_id",
    "balance": """select a.account_no, l.code, l.asset, l.balance, l.version
        from balance l join book k on k.id = l.book_id join account a on a.id = k.owner_id""",
    "txn": "select a.account_no, t.no, t.source from txn t join book k on k.id = t.book_id join account a on a.id = k.owner_id",
    "posting": """select a.account_no, p.no, p.line, p.debit, p.credit, p.asset, p.amount, p.debit_after, p.credit_after
        from posting p join book k on k.id = p.book_id join account a on a.id = k.owner_id""",
    "outbox": """select o.kind, b.bill_no from outbox o
        left join bill b on (b.account_id, b.id) = ((o.payload ->> 'account_id')::bigint, (o.payload ->> 'bill_id')::bigint)""",
    "reading_series": """select a.account_no, s.id, s.meter_no, s.channel, s.interval_minutes, s.first_day, s.last_day, s.read_until
        from reading_series s join account a on a.id = s.account_id""",
    "interval_day": """select a.account_no, d.series_id, d.day, d.energies, d.qualities
        from interval_day d join account a on a.id = d.account_id""",
    "interval_day_revision": """select a.account_no, d.series_id, d.day, d.energies, d.qualities, d.replaced_why
        from interval_day_revision d join account a on a.id = d.account_id""",
    "reading_quarantine": """select a.account_no, q.kind, q.meter_no, q.channel, q.start_at, q.minutes, q.energy, q.reason, q.state, q.row_no
        from reading_quarantine q join account a on a.id = q.account_id""",
    "meter_register": """select a.account_no, r.id, r.meter_no, r.kind, r.digits, r.multiplier
        from meter_register r join account a on a.id = r.account_id""",
    "register_reading": """select a.account_no, r.register_id, r.read_at, r.value, r.quality, r.superseded_at is null, n.value
        from register_reading r join account a on a.id = r.account_id
        left join register_reading n on n.account_id = r.account_id and n.id = r.superseded_by""",
    "usage_change": "select a.account_no, c.month from usage_change c join account a on a.id = c.account_id",
    "import_run": """select kind, mode, file_digest, rows_done, rows_rejected, rows_new, rows_changed, rows_unchanged,
          finished_at is null from import_run""",
    "import_total": """select r.kind, u.code, t.rows_new, t.rows_changed, t.rows_unchanged, t.rows_rejected, t.accounts, t.vanished
        from import_total t join import_run r on r.id = t.run_id left join unit u on u.id = t.unit_id""",
    "import_amount": """select r.kind, u.code, t.currency, t.kind, t.bills, t.amount_minor, t.open_minor, t.owed_minor
        from import_amount t join import_run r on r.id = t.run_id join unit u on u.id = t.unit_id""",
    "import_reject": "select r.kind, j.row_no, j.field, j.reason from import_reject j join import_run r on r.id = j.run_id",
    "audit": "select act, after from audit where act = 'import.finish'",
}
"""Each table without surrogate ids, times and sealed bytes, which differ from run to run."""

REPORTS: Final = frozenset({"import_run", "import_reject", "import_total", "import_amount", "audit"})
"""What a repeated import adds to."""

CODES: Final = frozenset(
    {
        *{"alembic_version", "bill_line_code", "ledger_asset", "ledger_code", "ledger_horizon", "ledger_house"},
        *{"payment_feed_state", "staff_role", "staff_role_permission"},
    }
)


def program(settings: Settings, *arguments: str, before: str = "", **variables: str) -> Heard:
    return Heard(environment_of(settings, **variables), "-c", COMMAND.format(before=before), *arguments)


def finish(program: Heard) -> tuple[int, str, str]:
    done = program.finish()
    return done.returncode, done.stdout, done.stderr


def run(settings: Settings, kind: Kind, path: Path) -> Report:
    """The same in this process, undisturbed."""
    database = Database(settings.database_url.get_secret_value(), pool_size=2)
    try:
        return intake.run(database, path=path, loader=import_.loader_of(kind, settings, path), chunk_rows=CHUNK)
    finally:
        database.close()


def sound(settings: Settings) -> bool:
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    try:
        with database.read() as session:
            return billing.check_invariants(session) == [] == ledger.check_invariants(session)
    finally:
        database.close()


def files(folder: Path) -> dict[Kind, Path]:
    """A supplier's files in which one row of a hundred is bad."""
    accounts = [account_record(number) for number in range(1, ACCOUNTS + 1)]
    for place in range(50, ACCOUNTS, 100):
        accounts[place]["class"] = "palace"
    bills = [bill(number, month) for number in range(1, ACCOUNTS + 1) for month in (3, 4, 5)]
    for place in range(77, len(bills), 100):
        bills[place]["energy_kwh"] = "much"
    return {
        Kind.UNITS: write_jsonl(folder / "units.jsonl", UNITS),
        Kind.ACCOUNTS: write_csv(folder / "accounts.csv", accounts),
        Kind.BILLS: write_jsonl(folder / "bills.jsonl", bills),
        Kind.READINGS: write_csv(folder / "readings.csv", list(readings())),
        Kind.REGISTER_READINGS: write_csv(folder / "registers.csv", list(registers())),
    }


def readings() -> Iterator[dict[str, object]]:
    """By time, so that every chunk writes on in the days of the one before; one nobody believes."""
    for hour in range(22, 22 + 60):
        day, of_day = divmod(hour, 24)
        start = f"2026-03-{30 + day:02d}" if day < 2 else f"2026-04-{day - 1:02d}"
        for number in range(1, 11):
            kwh = "much" if (hour, number) == (40, 7) else "-1" if (hour, number) == (50, 3) else f"0.{hour}{number}"
            yield hour_of(number, f"{start}T{of_day:02d}:00+08:00", kwh)


def hour_of(number: int, start: str, kwh: str) -> dict[str, object]:
    return {"meter_no": f"M{number:09d}", "start": start, "minutes": 60, "kwh": kwh}


def registers() -> Iterator[dict[str, object]]:
    """Four months of each meter; one runs backwards."""
    for month in (3, 4, 5, 6):
        for number in range(1, 81):
            value = month * 100 + number if (month, number) != (5, 9) else 1
            yield {"meter_no": f"M{number:09d}", "read_at": f"2026-{month:02d}-01", "value": value, "digits": 6}


def bill(number: int, month: int) -> dict[str, object]:
    """History, a bill that was part-paid, an open one."""
    amount = 5_000 + number
    states: dict[int, dict[str, object]] = {
        3: {"state": "settled"},
        4: {"state": "open", "open_minor": 700},
        5: {"state": "open"},
    }
    return {
        "account_no": f"80{number:08d}",
        "bill_no": f"B{number:06d}{month:02d}",
        "period_first": f"2026-{month:02d}-01",
        "period_end": f"2026-{month + 1:02d}-01",
        "issue_date": f"2026-{month + 1:02d}-03",
        "due_date": f"2026-{month + 1:02d}-25",
        "energy_kwh": "90.5",
        "amount_minor": amount,
        "lines": f"energy|90.5|kWh|0.55|{amount - 500};tax.vat||||500",
        **states[month],
    }


def content(dsn: str) -> dict[str, list[str]]:
    """Everything that the database holds, comparable; fails when a filled table is not compared."""
    with psycopg.connect(dsn) as connection:
        named = connection.execute("""select tablename from pg_tables where schemaname = 'public' and tablename not in (
                 select inhrelid::regclass::text from pg_inherits)""").fetchall()
        filled = {
            name
            for (name,) in named
            if connection.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(name))).fetchone()
            == (True,)
        }
        assert filled - CODES <= CONTENT.keys(), "a table is filled that this test does not know"
        return {table: sorted(map(repr, connection.execute(query))) for table, query in CONTENT.items()}


def row_versions(dsn: str) -> dict[str, list[tuple[object, ...]]]:
    """Who wrote each row, and where it lies."""
    with psycopg.connect(dsn) as connection:
        return {
            table: connection.execute(
                sql.SQL("select xmin::text, ctid::text from {} order by tableoid, ctid").format(sql.Identifier(table))
            ).fetchall()
            for table in sorted(CONTENT.keys() - REPORTS)
        }


def waiting(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    """How many transactions of this database wait for a lock."""
    row = connection.execute(
        """select count(distinct l.pid) from pg_locks l join pg_stat_activity a on a.pid = l.pid
           where not l.granted and a.datname = current_database()"""
    ).fetchone()
    assert row is not None
    return row[0]


def watch_rows(owner: str, kind: Kind) -> None:
    """From now on each row that an import of this kind writes is counted, and the one whose number is zero waits."""
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(MOMENT)
        for table in TABLES[kind]:
            connection.execute(
                sql.SQL(
                    "create trigger a_moment before insert or update on {} for each row execute function moment()"
                ).format(sql.Identifier(table))
            )


def count_from(connection: psycopg.Connection[tuple[object, ...]], number: int) -> None:
    connection.execute("select setval('row_number', %s)", [number])


def rows_written(owner: str) -> int:
    """How many rows an undisturbed import wrote, counted from `FAR`."""
    with psycopg.connect(owner) as connection:
        row = connection.execute("select last_value from row_number").fetchone()
    assert row is not None
    return int(row[0]) - FAR


def killed_at_a_row(settings: Settings, owner: str, number: int, *arguments: str) -> int:
    """Start the command, kill it while it writes this row, whichever that is; answers its exit code."""
    with psycopg.connect(owner) as blocker, psycopg.connect(owner, autocommit=True) as watcher:
        blocker.execute("select pg_advisory_xact_lock(0)")
        count_from(watcher, -number)
        killed = program(settings, *arguments)
        wait_until(lambda: waiting(watcher) or killed.process.poll() is not None, timeout_s=90)
        killed.process.kill()
        ended = finish(killed)[0]
        blocker.rollback()
        wait_until(lambda: not watcher.execute(ITS_SESSIONS).fetchall(), timeout_s=90)
        count_from(watcher, FAR)
    return ended


@pytest.mark.timeout(900)
def test_an_import_killed_at_random_ends_like_an_undisturbed_one_and_again_changes_nothing(
    settings: Settings, servers: Servers, owner_dsn: str, tmp_path: Path
) -> None:
    given = files(tmp_path)
    chance = random.Random(20261125)
    rows: dict[Kind, int] = {}
    with cloned(servers) as name:
        undisturbed = settings.model_copy(update={"database_url": SecretStr(servers.app(name))})
        run(undisturbed, Kind.UNITS, given[Kind.UNITS])
        for kind in TABLES:
            watch_rows(servers.owner(name), kind)
            run(undisturbed, kind, given[kind])
            rows[kind] = rows_written(servers.owner(name))
        expected = content(servers.app(name))
    run(settings, Kind.UNITS, given[Kind.UNITS])
    for kind in TABLES:
        arguments = ("import", kind.value, str(given[kind]))
        watch_rows(owner_dsn, kind)
        for _ in range(RANDOM_KILLS[kind]):  # so few rows each that they cannot be the end of it
            number = chance.randint(1, rows[kind] // (RANDOM_KILLS[kind] + 1))
            assert killed_at_a_row(settings, owner_dsn, number, *arguments) == -signal.SIGKILL
        for point in POINTS[kind]:
            ended = finish(program(settings, *arguments, WATTLINE_FAULT=f"{point}:kill"))
            assert ended[0] == -signal.SIGKILL, ended
        assert run(settings, kind, given[kind]).resumed_from > 0
    assert content(owner_dsn) == expected
    before = row_versions(owner_dsn)
    for kind, path in given.items():
        run(settings, kind, path)
    assert row_versions(owner_dsn) == before
    assert sound(settings)


def test_one_percent_of_bad_rows_is_explained_and_the_rest_is_taken(
    settings: Settings, owner_dsn: str, tmp_path: Path
) -> None:
    given = files(tmp_path)
    run(settings, Kind.UNITS, given[Kind.UNITS])
    ended, told, _ = finish(program(settings, "import", "accounts", str(given[Kind.ACCOUNTS]), "--json"))
    report = json.loads(told)
    assert (ended, report["rows"], report["taken"], report["rejected"]) == (3, ACCOUNTS, ACCOUNTS - 6, 6)
    explained = Path(report["rejects_file"]).read_text(encoding="utf-8").splitlines()
    reason = '"is none of residential, commercial, industrial, agricultural"'
    assert explained == [
        "row,field,reason,code",
        *(f"{place + 2},class,{reason},none_of" for place in range(50, ACCOUNTS, 100)),
    ]
    assert len(content(owner_dsn)["account"]) == ACCOUNTS - 6


def test_a_second_process_on_a_file_whose_chunk_takes_long_is_refused(
    settings: Settings, owner_dsn: str, tmp_path: Path
) -> None:
    given = files(tmp_path)
    run(settings, Kind.UNITS, given[Kind.UNITS])
    arguments = ("import", "accounts", str(given[Kind.ACCOUNTS]))
    assert finish(program(settings, *arguments, WATTLINE_FAULT="import.chunk.committed:kill"))[0] == -signal.SIGKILL
    with psycopg.connect(owner_dsn) as first:
        first.execute("select from import_run where finished_at is null for update")
        ended, told, complained = finish(program(settings, *arguments))
    assert (ended, told) == (2, "")
    assert "another process is importing this file" in complained
    assert run(settings, Kind.ACCOUNTS, given[Kind.ACCOUNTS]).resumed_from == CHUNK


def test_processes_that_begin_at_the_same_moment_share_one_run(
    settings: Settings, owner_dsn: str, tmp_path: Path
) -> None:
    given = files(tmp_path)
    run(settings, Kind.UNITS, given[Kind.UNITS])
    digest = hashlib.sha256(given[Kind.ACCOUNTS].read_bytes()).digest()
    with (
        ThreadPoolExecutor(1) as second,
        psycopg.connect(owner_dsn, autocommit=True) as watcher,
        psycopg.connect(owner_dsn) as first,
    ):
        first.execute("insert into import_run (kind, file_digest) values (%s, %s)", ("accounts", digest))
        report = second.submit(run, settings, Kind.ACCOUNTS, given[Kind.ACCOUNTS])
        wait_until(lambda: waiting(watcher) or report.done(), timeout_s=60)
        first.commit()
        assert report.result(timeout=60).rows == ACCOUNTS
    assert len(content(owner_dsn)["import_run"]) == 2


def test_a_full_disk_costs_the_explanation_and_nothing_else(settings: Settings, owner_dsn: str, tmp_path: Path) -> None:
    given = files(tmp_path)
    run(settings, Kind.UNITS, given[Kind.UNITS])
    arguments = ("import", "accounts", str(given[Kind.ACCOUNTS]))
    explained = given[Kind.ACCOUNTS].with_name("accounts.csv.rejects.csv")
    ended, _, complained = finish(program(settings, *arguments, before=FULL_DISK))
    assert (ended, explained.exists()) == (4, False), complained
    assert "start again" in complained
    assert [path.name for path in tmp_path.glob("*.new")] == []
    assert len(content(owner_dsn)["account"]) == ACCOUNTS - 6
    assert finish(program(settings, *arguments))[0] == 3
    assert len(explained.read_text(encoding="utf-8").splitlines()) == 7
