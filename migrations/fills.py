"""What migrations leave to do in small transactions, while everything else goes on.

A table that is made of rows that are there already cannot be filled within a migration: that is one transaction, whose
locks would keep writers out for as long as ten million rows take. `complete` runs behind the migrations, needs no lock
of a table, begins again where it was stopped, and has nothing to do a second time.
"""

import time
from typing import Final

import psycopg

from core import locks

BATCH: Final = 10_000
"""Accounts written in one transaction: well under a second, for which files wait."""
FILES_WAIT: Final = "accounts.files_wait"
"""Chunks of files share this lock, and corrections have it alone, as `services/accounts/rules.py` says: none of them
changes a customer between a batch's reading and its writing."""
NUMBER: Final = 7_211_002
"""One deployer fills at a time."""
POLL_S: Final = 1.0
_INDEX: Final = "ix_account_search_terms"
_IS_FILLED: Final = """
select coalesce((select indisvalid from pg_index where indexrelid = to_regclass(%s)), false)
"""
_UNUSED: Final = ("ix_customer_tokens", "ix_premises_address")
"""What the search read before; nothing else does, and a file pays for each."""


def is_filled(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether nothing is left to do: the index is the last step."""
    return connection.execute(_IS_FILLED, [f"public.{_INDEX}"]).fetchone() == (True,)


def complete(owner_url: str) -> None:
    """Do what is left to do, as the owner; another deployer who does it is waited for."""
    with psycopg.connect(owner_url, autocommit=True, options="-c lock_timeout=60s -c timezone=UTC") as connection:
        # Asked again and again instead of waited for: a waiting transaction would hold up the index.
        while connection.execute("select pg_try_advisory_lock(%s)", [NUMBER]).fetchone() != (True,):
            time.sleep(POLL_S)
        if not is_filled(connection):
            _search(connection)


def _search(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Write what accounts are found by. New and changed ones come by their triggers."""
    last = connection.execute("select coalesce(max(id), 0) from account").fetchone()
    for first in range(1, int(str(last[0] if last else 0)) + 1, BATCH):
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [locks.number(FILES_WAIT)])
            connection.execute(
                """select write_account_search(array(
                     select id from account where id between %(first)s and %(last)s except select account_id
                     from account_search where account_id between %(first)s and %(last)s))""",
                {"first": first, "last": first + BATCH - 1},
            )
    connection.execute(f"drop index concurrently if exists {_INDEX}")
    # Without a list of what is pending: each search would read it once for every unit.
    connection.execute(
        f"create index concurrently {_INDEX} on account_search using gin (terms) with (fastupdate = off)"
    )
    for name in _UNUSED:
        connection.execute(f"drop index concurrently if exists {name}")
