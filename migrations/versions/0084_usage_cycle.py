"""Where in its cycle of tiers a part of a month lies, decided in one place."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0084_usage_cycle"
down_revision = "0083_usage"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "usage_cycle.sql"


def upgrade() -> None:
    """Make the function."""
    op.execute(FUNCTION.read_text(encoding="utf-8"))
