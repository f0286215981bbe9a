"""The plans of what really runs, statements inside of functions included, as the server's auto_explain tells them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from core.db import Database

_SETTINGS = (
    "load 'auto_explain'",
    "set auto_explain.log_min_duration = 0",
    "set auto_explain.log_nested_statements = on",
    "set auto_explain.log_level = notice",
    "set client_min_messages = notice",
)


@contextmanager
def explained(admin_dsn: str) -> Iterator[tuple[Database, list[str]]]:
    """A database whose every statement tells its plan; the list grows as the block works. Needs a superuser."""
    database = Database(admin_dsn, pool_size=2)
    plans: list[str] = []

    def listen(connection: "psycopg.Connection[Any]", _record: object) -> None:
        for setting in _SETTINGS:
            connection.execute(setting)
        connection.commit()
        connection.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))

    sa.event.listen(database.engine, "connect", listen)
    try:
        yield database, plans
    finally:
        database.close()


def scanned(plans: list[str]) -> set[str]:
    """Tables that some plan reads from end to end."""
    return {table for plan in plans for table in re.findall(r"Seq Scan on (\w+)", plan)}
