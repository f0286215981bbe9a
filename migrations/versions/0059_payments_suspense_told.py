"""A payment tells what became of the money that came for it without a place."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0059_payments_suspense_told"
down_revision = "0058_ledger_points_door"
branch_labels = None
depends_on = None

FUNCTIONS: Final = Path(__file__).parents[1] / "sql" / "payments_suspense_told.sql"


def upgrade() -> None:
    """Follow suspense from the order that it came for."""
    op.execute(FUNCTIONS.read_text(encoding="utf-8"))
