"""The providers' own books, on disk: orders, callbacks to deliver, messages.

They survive a kill of the process at any moment.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

SCHEMA: Final = """
create table if not exists pay_order (
  out_trade_no text primary key, method text not null,
  fingerprint text not null, appid text not null, description text not null,
  amount integer not null, currency text not null, notify_url text not null,
  attach text, expires_at real not null, answer text not null,
  token text not null unique, serial text not null, state text not null,
  transaction_id text unique, openid text, created_at real not null,
  paid_at real, refunded integer not null default 0);
create table if not exists callback (
  id text primary key, out_trade_no text not null, url text not null,
  event text not null, resource text not null, serial text not null,
  tries integer not null default 0, due_at real not null, done integer not null default 0, last_status text);
create index if not exists callback_due on callback (done, due_at);
create table if not exists message (
  id integer primary key, phone text not null, template_code text not null,
  template text not null, locale text not null, params text not null,
  text text not null, out_id text, biz_id text not null,
  accepted_at real not null, state integer not null, delivered_at real,
  answer_dropped integer not null default 0, receipt_tries integer not null default 0,
  receipt_due real, receipt_done integer not null default 0);
create index if not exists message_phone on message (phone, id);
create table if not exists event (id integer primary key, at real not null, subject text not null, what text not null);
"""


class Books:
    """One SQLite file; every change is its own transaction."""

    def __init__(self, home: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(home / "books.sqlite3", check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")  # the page cache outlives a killed process
        self._connection.executescript(SCHEMA)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction, one at a time."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def all(self, query: str, *params: object) -> list[dict[str, Any]]:
        """Rows of a query."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(query, params)]

    def one(self, query: str, *params: object) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = self.all(query, *params)
        return rows[0] if rows else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def note(connection: sqlite3.Connection, now: float, subject: str, **what: object) -> None:
    """Write what happened to a subject into the journal that `GET /__sandbox__/books` shows."""
    connection.execute(
        "insert into event (at, subject, what) values (?, ?, ?)", (now, subject, json.dumps(what, ensure_ascii=False))
    )
