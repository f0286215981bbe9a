"""Readings follow their meter when it is said later where it was."""

from typing import Final

from alembic import op

revision = "0103_metering_moves"
down_revision = "0102_metering_due"
branch_labels = None
depends_on = None

SQL: Final = """
create table moved_meter (
  meter_no text not null,
  noted_at timestamptz not null default now(),
  constraint pk_moved_meter primary key (meter_no)
);
grant select, insert, update, delete on moved_meter to wattline_app;
-- A day that is of another account leaves the one at which it was; what it was stays in interval_day_revision.
grant delete on interval_day to wattline_app;
alter table reading_quarantine drop constraint ck_reading_quarantine_reason,
  add constraint ck_reading_quarantine_reason
  check (reason in ('negative', 'implausible', 'inverted', 'contradicted', 'decided', 'first', 'strayed'));
"""


def upgrade() -> None:
    """Make room for meters that moved, and for readings that are of no account."""
    op.execute(SQL)
