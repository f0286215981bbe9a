"""How far the checks of the books have come; what version of the schema this is may be known to the application."""

from alembic import op

revision = "0008_ledger_checks"
down_revision = "0007_notifications"
branch_labels = None
depends_on = None

SQL = """
-- One row per check. A round goes through all books or accounts by ascending id, a range at a time: `next_from` is where
-- it goes on, null between rounds; `found` counts this round, `violations` is what the last whole round found.
create table ledger_check (
  name text not null,
  next_from bigint,
  found integer not null default 0,
  started_at timestamptz,
  violations integer not null default 0,
  finished_at timestamptz,
  constraint pk_ledger_check primary key (name),
  constraint ck_ledger_check_counts check (found >= 0 and violations >= 0),
  constraint ck_ledger_check_round check (next_from is null or started_at is not null)
);
grant select, insert, update on ledger_check to wattline_app;
grant select on alembic_version to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
