"""Posting against the frozen hand-written limit: spread over 1,000 books, into one hot book, and in arrays of 100."""

import statistics
from pathlib import Path
from typing import Final

import psycopg
import sqlalchemy as sa

import migrations
from benchmarks.harness import Bar, Cluster, Measure, VoidRun, cluster, interleave, limits, ratios, report
from core.db import Database, statement
from services.ledger import operations
from services.ledger.chart import OwnerKind
from tests.services.ledger.factories import payment

BOOKS: Final = 1_000
CLIENTS: Final = 8
ARRAY: Final = 100
FAIR: Final = 0.30
"""limit_post / insert1 under this says that the machine was not itself."""

_ONE: Final = """
select ledger_post(array[:book]::bigint[], '{5}'::smallint[], array[gen_random_uuid()], array[now()], '{1}'::integer[],
  '{1200}'::smallint[], '{1100}'::smallint[], '{156}'::smallint[], '{100}'::bigint[], '{10}'::smallint[]);
"""
_ARRAY: Final = """
\\set start random(1, 1000)
select FUNCTION(array_agg(1 + (:start + g * 7) % 1000), array_agg(5::smallint), array_agg(gen_random_uuid()),
  array_agg(now()), array_agg(1), array_agg(1200::smallint), array_agg(1100::smallint), array_agg(156::smallint),
  array_agg(100::bigint), array_agg(10::smallint))
from generate_series(1::bigint, 100) g;
"""
SCRIPTS: Final = {
    "post": f"\\set book random(1, {BOOKS})" + _ONE,
    "hot": "\\set book 1" + _ONE,
    "loop": _ARRAY.replace("FUNCTION", "ledger_post"),
    "bulk": _ARRAY.replace("FUNCTION", "ledger_post_staged"),
}


def run(*, rounds: int, seconds: int) -> bool:
    """Measure, check the books, report; true when no bar failed."""
    frozen = limits()
    with cluster(frozen / "pg.conf") as server:
        for name, text in SCRIPTS.items():
            (server.folder / f"{name}.pgbench").write_text(text, encoding="utf-8")
        server.script(frozen / "limit_post.sql", user="wattline_owner")
        migrations.upgrade(server.dsn("wattline_owner"))
        statements = _prepare(server)

        def limit(name: str) -> Measure:
            return server.pgbench(frozen / f"{name}.pgbench", user="wattline_owner", clients=CLIENTS, seconds=seconds)

        def ours(name: str, *, clients: int = CLIENTS, per_call: int = 1, for_s: int = seconds) -> Measure:
            return server.pgbench(
                _script(server, name), user="wattline_app", clients=clients, seconds=for_s, per_call=per_call
            )

        ours("post", for_s=2)
        server.execute("vacuum analyze")
        server.execute("checkpoint")
        results = interleave(
            {
                "insert1": lambda: limit("insert1"),
                "limit_post": lambda: limit("limit_post"),
                "post": lambda: ours("post"),
                "hot": lambda: ours("hot"),
                "single": lambda: ours("post", clients=1),
                "loop": lambda: ours("loop", clients=1, per_call=ARRAY),
                "bulk": lambda: ours("bulk", clients=1, per_call=ARRAY),
            },
            rounds=rounds,
        )
        _check(server)
    if (fairness := statistics.median(ratios(results, "limit_post", "insert1"))) < FAIR:
        msg = f"limit_post / insert1 is {fairness:.2f}, under {FAIR}"
        raise VoidRun(msg)
    wal = [each.wal_bytes for each in results["post"]]
    return report(
        "ledger",
        results,
        [
            Bar("posting / limit_post, 8 clients, 1,000 books", ratios(results, "post", "limit_post"), 0.85, 0.75),
            Bar(
                "posting / limit_post, server CPU",
                ratios(results, "post", "limit_post", "cpu_us"),
                1.25,
                1.5,
                at_most=True,
            ),
            Bar("one hot book / spread", ratios(results, "hot", "post"), 0.45, 0.35),
            Bar("WAL record bytes per posting", wal, 1350, 1500, at_most=True),
            Bar("statements per posting", [statements], 1, 1, at_most=True),
            Bar("arrays of 100, loop / single, 1 connection", ratios(results, "loop", "single"), 2, 1.7),
            Bar("arrays of 100, bulk statement / single, 1 connection", ratios(results, "bulk", "single"), 3.5, 2.5),
        ],
    )


def _script(server: Cluster, name: str) -> Path:
    return server.folder / f"{name}.pgbench"


def _prepare(server: Cluster) -> int:
    """Make the books, post once in each, and count the statements of one posting by the application."""
    database = Database(server.dsn("wattline_app"), pool_size=1)
    counted: list[str] = []
    try:
        with database.write() as session:
            books = operations.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=range(1, BOOKS + 1))
            operations.post(session, transactions=[payment(book) for book in books.values()])
        sa.event.listen(database.engine, "before_cursor_execute", lambda *arguments: counted.append(arguments[2]))
        with database.write() as session:
            operations.post(session, transactions=[payment(books[1])])
    finally:
        database.close()
    return len(counted)


def _check(server: Cluster) -> None:
    """Every book keeps the invariants, or the run is a failure."""
    query = statement("services.ledger", "invariants.sql").driver_sql
    with psycopg.connect(server.dsn("wattline_app"), autocommit=True) as connection:
        for first in range(1, BOOKS + 1, 100):
            found = connection.execute(query, {"first_book": first, "last_book": first + 99, "limit": 5}).fetchall()
            if found:
                msg = f"the books are wrong: {found}"
                raise AssertionError(msg)
