"""What is made anew when versions or their days change: in turn, on the accounts that are on them, and of the days that changed alone."""

from alembic import op

revision = "0101_usage_follows"
down_revision = "0100_accounts_holding"
branch_labels = None
depends_on = None

SQL = """
-- `days`: bit n - 1 for day n; none where prices of intervals changed alone; null where the version itself holds or ends otherwise since the month.
-- One that is worked on never begins again: what changes meanwhile stands behind it, in a note of its own.
alter table usage_stale drop constraint pk_usage_stale,
  add id bigint generated always as identity,
  add constraint pk_usage_stale primary key (id),
  add days integer default 2147483647,
  add turn timestamptz not null default clock_timestamp(),
  alter next_from set default 1,
  add constraint ck_usage_stale_days check (days >= 0);
create unique index uq_usage_stale_waiting on usage_stale (version_id, month, (days is null)) where next_from = 1;
"""


def upgrade() -> None:
    """Change the table."""
    op.execute(SQL)
