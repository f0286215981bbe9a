"""A payment tells of money that came for another and was given to its account."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0063_payments_suspense_followed"
down_revision = "0062_core_reasons"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "payments_suspense_followed.sql"


def upgrade() -> None:
    """Follow suspense to the money that leaves the order in it."""
    op.execute(FUNCTION.read_text(encoding="utf-8"))
