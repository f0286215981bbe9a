"""Meters that moved are looked through in the order in which they were noted, however many an import notes."""

from alembic import op

revision = "0106_metering_moved_order"
down_revision = "0105_usage_cycle_spans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("create index ix_moved_meter_noted_at on moved_meter (noted_at, meter_no)")
