"""The database's history. `upgrade(url)` is the only way a schema is made, in production and in tests."""

from pathlib import Path
from typing import Final

import psycopg

from migrations import fills

HERE: Final = Path(__file__).parent


def head() -> str:
    """The revision that this code needs. Revisions are named like their files and sort by number."""
    return max(path.stem for path in (HERE / "versions").glob("[0-9]*.py"))


def is_current(owner_url: str) -> bool:
    """Tell whether nothing is to be done: a start then need not load what migrates."""
    with psycopg.connect(owner_url) as connection:
        if connection.execute("select to_regclass('public.alembic_version')").fetchone() == (None,):
            return False
        version = connection.execute("select version_num from alembic_version").fetchone()
        return version == (head(),) and fills.is_filled(connection)


def upgrade(owner_url: str, *, revision: str = "head") -> None:
    """Bring the database at `owner_url` (owner role) to `revision`; two deployers at once wait for each other.

    Up to the head, what is left to do in small transactions is done behind it.
    """
    from alembic import command  # noqa: PLC0415 -- serving processes ask for `head` alone
    from alembic.config import Config  # noqa: PLC0415 -- as above

    config = Config(str(HERE.parent / "alembic.ini"))
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["url"] = owner_url
    command.upgrade(config, revision)
    if revision in {"head", head()}:
        fills.complete(owner_url)
