"""What rules found odd in readings can be dismissed by staff, for a reason."""

from typing import Final

from alembic import op

revision = "0095_metering_dismissed"
down_revision = "0094_usage_unpriced"
branch_labels = None
depends_on = None

SQL: Final = """
alter table reading_finding
  add column dismissed_at timestamptz,
  add column dismissed_by text,
  add column dismissed_why text,
  add constraint ck_reading_finding_dismissed
    check ((dismissed_at is null) = (dismissed_by is null) and (dismissed_at is null) = (dismissed_why is null));
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(SQL)
