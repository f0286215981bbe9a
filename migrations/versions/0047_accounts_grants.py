"""Grants of one member of staff are found without reading those of others, revoked ones included."""

from alembic import op

revision = "0047_accounts_grants"
down_revision = "0046_payments_suspense_units"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index grants of staff by whose they are."""
    op.execute("create index ix_staff_grant_staff_id on staff_grant (staff_id)")
