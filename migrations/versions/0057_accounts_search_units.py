"""What an account is found by, bound to its unit: a search reads nothing of what lies elsewhere."""

from pathlib import Path

from alembic import op

revision = "0057_accounts_search_units"
down_revision = "0056_accounts_bound"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and what keeps it right; `migrations/fills.py` does the rest, in small transactions."""
    op.execute((Path(__file__).parents[1] / "sql" / "accounts_search.sql").read_text(encoding="utf-8"))
