"""Pieces of rounds that failed, so that the others go on."""

from alembic import op

revision = "0098_core_aside"
down_revision = "0097_metering_changed_days"
branch_labels = None
depends_on = None

SQL = """
-- What failed, `together` with how many it is tried again, and why it failed. `failures`: by itself.
create table set_aside (
  work text not null,
  owner bigint not null,
  part text not null,
  together integer not null,
  since timestamptz not null default now(),
  due_at timestamptz not null default now(),
  failures smallint not null default 0,
  reason text not null,
  constraint pk_set_aside primary key (work, owner, part),
  constraint ck_set_aside_together check (together > 0)
);
create index ix_set_aside_due on set_aside (work, together, due_at);
create index ix_set_aside_failing on set_aside (work, since) where failures > 0;
grant select, insert, update, delete on set_aside to wattline_app;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(SQL)
