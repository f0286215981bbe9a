"""Sums without a place are looked through by their amounts, too."""

from alembic import op

revision = "0071_payments_suspense_amount"
down_revision = "0070_payments_merchants"
branch_labels = None
depends_on = None

SQL = """
create index ix_payment_suspense_open_amount on payment_suspense (amount_minor desc, id) where state = 'open';
"""


def upgrade() -> None:
    """Keep what waits in that order."""
    op.execute(SQL)
