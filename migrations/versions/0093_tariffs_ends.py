"""The end of a published version of a tariff is brought forward by a correction: it is never put back."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0093_tariffs_ends"
down_revision = "0092_metering_own_readings"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "tariffs_versions_ends.sql"


def upgrade() -> None:
    """Replace the function."""
    op.execute(FUNCTION.read_text(encoding="utf-8"))
