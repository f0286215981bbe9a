"""The providers' own books, on disk: orders, messages, what is still to be told to the merchant.

What a call was answered has reached the disk before: a kill at any moment loses nothing.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

VERSION: Final = 2
"""Of the tables below. Books of another version are put aside: nothing in them is worth a migration."""

SCHEMA: Final = """
create table if not exists pay_order (
  out_trade_no text primary key,
  method text not null,
  fingerprint text not null,
  appid text not null,
  description text not null,
  amount integer not null check (amount > 0),
  currency text not null,
  notify_url text not null,
  attach text,
  expires_at real not null,
  answer text not null,
  token text not null unique,
  serial text not null,
  state text not null check (state in ('NOTPAY', 'SUCCESS', 'CLOSED')),
  transaction_id text unique,
  openid text,
  created_at real not null,
  paid_at real,
  check ((state = 'SUCCESS') = (transaction_id is not null)));
create index if not exists pay_order_paid on pay_order (paid_at);
create table if not exists pay_refund (
  out_refund_no text primary key,
  refund_id text not null unique,
  out_trade_no text not null references pay_order (out_trade_no),
  fingerprint text not null,
  amount integer not null check (amount > 0),
  reason text,
  notify_url text,
  serial text not null,
  state text not null check (state in ('PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL')),
  becomes text not null check (becomes in ('SUCCESS', 'CLOSED', 'ABNORMAL')),
  ends_at real not null,
  created_at real not null);
create index if not exists pay_refund_order on pay_refund (out_trade_no);
create table if not exists message (
  id integer primary key,
  phone text not null,
  template_code text not null,
  template text not null,
  locale text not null,
  params text not null,
  text text not null,
  out_id text,
  biz_id text not null,
  accepted_at real not null,
  delivered_at real not null,
  err_code text not null,
  answer_dropped integer not null default 0);
create index if not exists message_phone on message (phone, id);
create table if not exists delivery (
  id text primary key,
  kind text not null,
  subject text not null,
  url text not null,
  event text not null,
  content text not null,
  serial text,
  tries integer not null default 0,
  due_at real not null,
  done integer not null default 0,
  last_status text);
create index if not exists delivery_due on delivery (due_at) where done = 0;
create index if not exists delivery_subject on delivery (subject);
create table if not exists event (id integer primary key, at real not null, subject text not null, what text not null);
create table if not exists setting (name text primary key, value text not null);
create table if not exists wechat_person (
  id integer primary key,
  name text not null,
  phone text,
  country text not null,
  unionid text not null unique,
  is_blocked integer not null default 0,
  created_at real not null);
create table if not exists wechat_openid (
  appid text not null,
  person integer not null references wechat_person (id),
  openid text not null unique,
  primary key (appid, person));
create table if not exists wechat_code (
  code text primary key,
  kind text not null check (kind in ('js', 'phone', 'oauth')),
  appid text not null,
  person integer not null references wechat_person (id),
  scope text not null,
  expires_at real not null,
  used_at real);
create index if not exists wechat_code_person on wechat_code (person, kind, used_at);
create table if not exists wechat_token (
  token text primary key,
  appid text not null,
  expires_at real not null,
  is_revoked integer not null default 0);
create table if not exists wechat_chat (
  id integer primary key,
  at real not null,
  appid text not null,
  person integer not null,
  said text not null,
  reply text);
create table if not exists hook (
  id text primary key,
  at real not null,
  body text not null,
  verdict text not null check (verdict in ('proved', 'forged', 'unproved')),
  times integer not null default 1);
create table if not exists wechat_call (
  id integer primary key,
  at real not null,
  operation text not null,
  errcode integer not null);
"""


class _Batch:
    """Changes that reach the disk together."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.error: BaseException | None = None


class Books:
    """One SQLite file.

    `change()` returns when the change is on the disk; changes that come while the disk is busy share the next turn,
    which is what makes hundreds a second of them possible. Reads see what is on the disk alone.
    """

    def __init__(self, home: Path) -> None:
        file = home / "books.sqlite3"
        _put_aside(file)
        file.touch(mode=0o600)  # telephones and codes of sign-ins stand in it
        self._writer, self._reader = _connect(file), _connect(file)
        self._writer.executescript(SCHEMA)
        self._writer.execute(f"pragma user_version = {VERSION}")
        self._writing, self._reading = threading.Lock(), threading.Lock()
        self._is_dirty, self._is_closing = threading.Event(), False
        self._batch = _Batch()
        self._committer = threading.Thread(target=self._commit_batches, name="books", daemon=True)
        self._committer.start()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction, one at a time; durable when the block has ended."""
        with self._writing:
            if not self._writer.in_transaction:
                self._writer.execute("begin immediate")
            self._writer.execute("savepoint one")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("rollback to one")
                raise
            finally:
                self._writer.execute("release one")
                self._is_dirty.set()
            batch = self._batch
        batch.is_over.wait()
        if batch.error is not None:
            raise batch.error

    def all(self, query: str, *params: object) -> list[dict[str, Any]]:
        """Rows of a query; its parameters are given in order, or by name in one mapping."""
        by_name = params[0] if params and isinstance(params[0], dict) else params
        with self._reading:
            return [dict(row) for row in self._reader.execute(query, by_name)]

    def one(self, query: str, *params: object) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = self.all(query, *params)
        return rows[0] if rows else None

    def close(self) -> None:
        """Write what is open and close the file."""
        self._is_closing = True
        self._is_dirty.set()
        self._committer.join()
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()

    def _commit_batches(self) -> None:
        while not self._is_closing:
            self._is_dirty.wait()
            with self._writing:
                self._is_dirty.clear()
                batch, self._batch = self._batch, _Batch()
                try:
                    self._writer.commit()
                except sqlite3.Error as error:
                    batch.error = error
                    self._writer.rollback()
            batch.is_over.set()


def note(connection: sqlite3.Connection, now: float, subject: str, **what: object) -> None:
    """Write what happened to a subject into the journal that `GET /__sandbox__/books` shows."""
    connection.execute(
        "insert into event (at, subject, what) values (?, ?, ?)", (now, subject, json.dumps(what, ensure_ascii=False))
    )


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection


def _put_aside(file: Path) -> None:
    if not file.exists():
        return
    connection = sqlite3.connect(file)
    version = connection.execute("pragma user_version").fetchone()[0]
    is_empty = not connection.execute("select 1 from sqlite_master").fetchone()
    connection.close()
    if version != VERSION and not is_empty:
        file.rename(file.with_name(f"books-v{version}.sqlite3"))
