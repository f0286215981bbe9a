"""Grants of people who are erased go."""

from alembic import op

revision = "0024_accounts_erasure"
down_revision = "0023_identity_erasure"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("grant delete on access_grant to wattline_app")
