"""Payment orders, parts and attempts."""

from alembic import op

revision = "0005_payments"
down_revision = "0004_ledger"
branch_labels = None
depends_on = None

SQL = """
select 1;
"""


def upgrade() -> None:
    """Payment orders, parts and attempts."""
    op.execute(SQL)
