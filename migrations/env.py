"""How Alembic reaches the database: one transaction, an advisory lock against a second deployer, short timeouts."""

import psycopg
import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel

import app.tables  # noqa: F401 -- fills the metadata that drift is compared with

LOCK_NUMBER = 7_211_001


def _connect() -> psycopg.Connection[tuple[object, ...]]:
    url = context.config.attributes.get("url")
    if url is None:
        msg = "run migrations with `wattline migrate`, which knows the owner's address"
        raise RuntimeError(msg)
    return psycopg.connect(url, options="-c lock_timeout=4s -c statement_timeout=0 -c timezone=UTC")


def run() -> None:
    """Apply what is missing."""
    engine = sa.create_engine("postgresql+psycopg://", creator=_connect, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("set local lock_timeout = '60s'"))
        connection.execute(sa.text("select pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})
        connection.execute(sa.text("set local lock_timeout = '4s'"))
        context.configure(connection=connection, target_metadata=SQLModel.metadata)
        context.run_migrations()
    engine.dispose()


run()
