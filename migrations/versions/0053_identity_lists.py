"""How members of staff have the lists of the console: filters that they keep under a name, and columns that they hide."""

from alembic import op

revision = "0053_identity_lists"
down_revision = "0052_payments_contested"
branch_labels = None
depends_on = None

SQL = """
create table staff_filter (
  id uuid not null,
  staff_id uuid not null,
  of_list text not null,
  name text not null,
  query text not null,
  created_at timestamptz not null,
  constraint pk_staff_filter primary key (id),
  constraint fk_staff_filter_staff_id foreign key (staff_id) references staff (id),
  constraint uq_staff_filter_staff_id_of_list_name unique (staff_id, of_list, name),
  constraint ck_staff_filter_of_list check (length(of_list) between 1 and 32),
  constraint ck_staff_filter_name check (length(name) between 1 and 60),
  constraint ck_staff_filter_query check (length(query) between 1 and 2000)
);

create table staff_columns (
  staff_id uuid not null,
  of_list text not null,
  hidden text[] not null,
  constraint pk_staff_columns primary key (staff_id, of_list),
  constraint fk_staff_columns_staff_id foreign key (staff_id) references staff (id),
  constraint ck_staff_columns_of_list check (length(of_list) between 1 and 32),
  constraint ck_staff_columns_hidden check (cardinality(hidden) between 1 and 20)
);

grant select, insert, update, delete on staff_filter, staff_columns to wattline_app;
"""


def upgrade() -> None:
    """Make both tables."""
    op.execute(SQL)
