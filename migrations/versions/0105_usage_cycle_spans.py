"""Tiers over any number of agreements and holders in a year."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0105_usage_cycle_spans"
down_revision = "0104_metering_of_registers"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "usage_cycle_spans.sql"


def upgrade() -> None:
    """Replace the function."""
    op.execute(FUNCTION.read_text(encoding="utf-8"))
