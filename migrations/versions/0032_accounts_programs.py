"""Of which units a program of the supplier may read."""

from alembic import op

revision = "0032_accounts_programs"
down_revision = "0031_payments_feed"
branch_labels = None
depends_on = None

SQL = """
create table service_unit (
  service_client_id uuid not null,
  unit_id integer not null,
  granted_at timestamptz not null,
  constraint pk_service_unit primary key (service_client_id, unit_id),
  constraint fk_service_unit_service_client_id foreign key (service_client_id) references service_client (id),
  constraint fk_service_unit_unit_id foreign key (unit_id) references unit (id)
);

-- The one decision of which units a program may read: those that it was given, and all below them.
create function service_units(p_client uuid) returns table (unit_id integer) language sql stable parallel safe as $$
  select u.id
  from unit u
  where exists (
    select from service_unit g join unit r on r.id = g.unit_id
    where g.service_client_id = p_client and u.path >= r.path and u.path < left(r.path, -1) || '0'
  )
$$;

grant select, insert, delete on service_unit to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
