"""A telephone is not said to be struck out of notes that are sealed."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0076_accounts_notes_struck"
down_revision = "0075_accounts_dry_runs"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "accounts_notes_struck.sql"


def upgrade() -> None:
    """Let the function that workers of the release before call fail where it would miss something."""
    op.execute(FUNCTION.read_text(encoding="utf-8"))
