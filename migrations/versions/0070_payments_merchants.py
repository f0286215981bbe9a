"""Several merchant accounts at a provider: each attempt, sum in suspense and refund names its own."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0070_payments_merchants"
down_revision = "0069_identity_one_living_service"
branch_labels = None
depends_on = None

SQL: Final = Path(__file__).parents[1] / "sql" / "payments_merchants.sql"


def upgrade() -> None:
    """Name the merchant where money is, and let no other merchant's money book an attempt."""
    op.execute(SQL.read_text(encoding="utf-8"))
