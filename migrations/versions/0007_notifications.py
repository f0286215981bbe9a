"""Messages and their attempts."""

from alembic import op

revision = "0007_notifications"
down_revision = "0006_billing"
branch_labels = None
depends_on = None

SQL = """
select 1;
"""


def upgrade() -> None:
    """Messages and their attempts."""
    op.execute(SQL)
