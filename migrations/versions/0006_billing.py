"""Bills and their lines."""

from alembic import op

revision = "0006_billing"
down_revision = "0005_payments"
branch_labels = None
depends_on = None

SQL = """
select 1;
"""


def upgrade() -> None:
    """Bills and their lines."""
    op.execute(SQL)
