"""Entitlements that end are found by the day on which they do."""

from alembic import op

revision = "0086_accounts_entitlements_end"
down_revision = "0085_usage_stale"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There are none before this release."""
    op.execute("create index ix_entitlement_valid_to on entitlement (valid_to, account_id, id) where valid_to is not null")
