"""How far the rotation of data keys has come."""

from alembic import op

revision = "0010_core_keys"
down_revision = "0009_payments_book"
branch_labels = None
depends_on = None

SQL = """
-- One row per sealed column. A pass goes through its table by primary key, `after` is where it goes on; `found` counts
-- cells of older keys in this pass. A pass that found none ends the work.
create table key_rotation (
  table_name text not null,
  column_name text not null,
  key_id text not null,
  after jsonb,
  resealed bigint not null default 0,
  found bigint not null default 0,
  unreadable bigint not null default 0,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint pk_key_rotation primary key (table_name, column_name),
  constraint ck_key_rotation_counts check (resealed >= 0 and found >= 0 and unreadable >= 0)
);
grant select, insert, update on key_rotation to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
