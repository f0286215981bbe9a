"""The database's history. `upgrade(url)` is the only way a schema is made, in production and in tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade(owner_url: str, *, revision: str = "head") -> None:
    """Bring the database at `owner_url` (owner role) to `revision`; two deployers at once wait for each other."""
    config = Config(str(Path(__file__).parent.parent / "alembic.ini"))
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["url"] = owner_url
    command.upgrade(config, revision)
