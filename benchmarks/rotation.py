"""Rotation of data keys: cells sealed anew per second, against a plain UPDATE of the same rows.

`WATTLINE_BENCH_SEALED` is how many customers have a sealed name (200,000). A round turns the ring and rotates in one
process; the plain UPDATE is one statement, committed once. Both leave as many dead rows; between them is a vacuum.
"""

import os
import time
from typing import Final

import psycopg

import app.tables  # noqa: F401 -- fills the register of sealed columns
import migrations
from benchmarks.harness import Bar, Cluster, Measure, cluster, interleave, limits, process_cpu_us, ratios, report
from core import rotation
from core.crypto.vault import Vault
from core.db import Database

NAME: Final = "欧阳娜娜"
MASTER: Final = bytes(32)
PLAIN: Final = "update customer set name_sealed = name_sealed || ''::bytea"


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed. Rows decide how long a run takes, `seconds` does not."""
    del seconds
    rows = int(os.environ.get("WATTLINE_BENCH_SEALED", "200000"))
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        _fill(server, rows)
        bench = _Bench(server, rows)
        try:
            results = interleave({"rotation": bench.rotate, "plain update": bench.plain}, rounds=rounds)
        finally:
            bench.db.close()
    return report(
        "rotation", results, [Bar("rotation / plain update", ratios(results, "rotation", "plain update"), 0.1, 0.05)]
    )


class _Bench:
    """A ring that turns, and the rows that follow it."""

    def __init__(self, server: Cluster, rows: int) -> None:
        self._server = server
        self._rows = rows
        self._turns = 0
        self.db = Database(server.dsn("wattline_app"), pool_size=16, deadline_s=600, statement_timeout_s=600)

    def rotate(self) -> Measure:
        """One turn of the ring, the pass that verifies it included."""
        self._turns += 1
        vault = _vault(self._turns)
        resealed: list[int] = []
        began, cpu, position = time.perf_counter(), process_cpu_us(os.getpid()), self._server.position()
        rotation.rotate(self.db, vault=vault, told=resealed.append)
        took = time.perf_counter() - began
        if sum(resealed) != self._rows:
            msg = f"{sum(resealed)} cells were sealed anew, not {self._rows}"
            raise RuntimeError(msg)
        return self._measure(took, process_cpu_us(os.getpid()) - cpu, position)

    def plain(self) -> Measure:
        """The same rows written by one statement."""
        position = self._server.position()
        with psycopg.connect(self._server.dsn("wattline_app")) as connection:
            began = time.perf_counter()
            connection.execute(PLAIN)
            connection.commit()
            took = time.perf_counter() - began
        return self._measure(took, 0, position)

    def _measure(self, took_s: float, cpu_us: int, position: str) -> Measure:
        wal = self._server.record_bytes(position)
        self._server.execute("vacuum customer")
        self._server.execute("checkpoint")
        each_ms = took_s * 1_000 / self._rows
        return Measure(self._rows / took_s, cpu_us / self._rows, wal / self._rows, each_ms, self._rows)


def _vault(turn: int) -> Vault:
    """The ring after so many turns: the newest key and the one before it."""
    ring = {f"k{each}": (each + 1).to_bytes(32, "big") for each in (turn, turn - 1)}
    return Vault(data_keys=ring, master_key=MASTER)


def _fill(server: Cluster, rows: int) -> None:
    vault = _vault(0)
    with psycopg.connect(server.dsn("wattline_app")) as connection, connection.cursor() as cursor:
        copied = "copy customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint) from stdin"
        with cursor.copy(copied) as copy:
            for number in range(rows):
                owner = f"customer:C{number}"
                sealed = vault.seal(table="customer", column="name", owner=owner, text=NAME)
                copy.write_row((f"C{number}", "person", sealed, "***娜", [], b""))
    server.execute("vacuum analyze customer")
