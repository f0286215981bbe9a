"""Parts of a month behind its first are few, and priced by a statement of their own: they are found without the others."""

from alembic import op

revision = "0088_usage_later"
down_revision = "0087_metering_estimates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute("create index ix_usage_month_later on usage_month (month, account_id) where part > 1")
