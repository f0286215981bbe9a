"""Versions whose days changed: months that stand on them are made anew, in slices of accounts."""

from alembic import op

revision = "0085_usage_stale"
down_revision = "0084_usage_cycle"
branch_labels = None
depends_on = None

TABLES = """
create table usage_stale (
  version_id bigint not null,
  month date not null,
  next_from bigint not null,
  constraint pk_usage_stale primary key (version_id, month),
  constraint ck_usage_stale_month check (extract(day from month) = 1)
);
grant select, insert, update, delete on usage_stale to wattline_app;

-- Elements are read one by one: stored as they are, they need not be copied for each.
alter table usage_month alter energies set storage plain;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES)
