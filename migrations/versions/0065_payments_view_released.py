"""A payment that ended unpaid tells its payer of money that came for it all the same."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0065_payments_view_released"
down_revision = "0064_identity_opened_by"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "payments_view_released.sql"


def upgrade() -> None:
    """Tell both lists whenever there is something in them."""
    op.execute(FUNCTION.read_text(encoding="utf-8"))
