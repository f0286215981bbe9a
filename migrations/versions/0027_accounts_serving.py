"""Ended grants of an account are read, too."""

from alembic import op

revision = "0027_accounts_serving"
down_revision = "0026_identity_followers"
branch_labels = None
depends_on = None

SQL = """
create index ix_access_grant_account on access_grant (account_id, id);
"""


def upgrade() -> None:
    """Make the index of all grants of an account."""
    op.execute(SQL)
