"""Units, customers, accounts, premises, agreements and grants."""

from alembic import op

revision = "0003_accounts"
down_revision = "0002_identity"
branch_labels = None
depends_on = None

SQL = """
select 1;
"""


def upgrade() -> None:
    """Units, customers, accounts, premises, agreements and grants."""
    op.execute(SQL)
