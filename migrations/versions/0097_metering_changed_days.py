"""Which days of a month changed: whoever sums it up reads these alone."""

from alembic import op

revision = "0097_metering_changed_days"
down_revision = "0096_usage_dry_runs"
branch_labels = None
depends_on = None

SQL = """
-- Bit n - 1 stands for day n: of what was noted before, and of notes that do not say, every day may have changed.
alter table usage_change add days integer not null default 2147483647, add constraint ck_usage_change_days check (days > 0);
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(SQL)
