"""Who leaves in the year has the limits of the months until then, as who comes has those of the months since."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0089_usage_cycle_left"
down_revision = "0088_usage_later"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "usage_cycle_left.sql"


def upgrade() -> None:
    """Replace the function."""
    op.execute(FUNCTION.read_text(encoding="utf-8"))
