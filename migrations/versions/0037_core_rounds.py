"""When each task of the schedule ran last and how that ended, and when a payment provider answered last."""

from alembic import op

revision = "0037_core_rounds"
down_revision = "0036_accounts_groups"
branch_labels = None
depends_on = None

SQL = """
create table scheduled_round (
  task text not null,
  every_s integer not null,
  declared_at timestamptz not null,
  ended_at timestamptz,
  succeeded_at timestamptz,
  failed_with text,
  failures integer not null default 0,
  constraint pk_scheduled_round primary key (task),
  constraint ck_scheduled_round_period check (every_s > 0),
  constraint ck_scheduled_round_failures check ((failures > 0) = (failed_with is not null))
) with (fillfactor = 50);
grant select, insert, update, delete on scheduled_round to wattline_app;

alter table payment_provider_health add column answered_at timestamptz, add column failed_at timestamptz;
"""


def upgrade() -> None:
    """Make the table and the columns."""
    op.execute(SQL)
