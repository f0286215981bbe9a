"""What a piece of work reads: rows by table, counted by PostgreSQL, as they would be in grown tables."""

from collections.abc import Callable
from typing import Any

from core.db import WriteSession

_READ = """
select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)
from pg_stat_xact_user_tables where relname ~ ('^' || :table || '(_p?[0-9]+)*$')
"""
_OTHER_WAYS = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")


def rows_read(session: WriteSession, work: Callable[[], Any], *, table: str) -> int:
    """How many rows of a table, all its partitions together, the work reads in this transaction.

    By indexes, where there are any that serve: a table of a test is small enough to be read whole for less.
    """
    for other in _OTHER_WAYS:
        session.sql(f"set local {other} = off")
    before = session.sql(_READ, table=table).scalar_one()
    work()
    after = session.sql(_READ, table=table).scalar_one()
    for other in _OTHER_WAYS:
        session.sql(f"reset {other}")
    return int(after - before)
