"""What staff may do where: roles, grants, and the one decision."""

from alembic import op

revision = "0014_accounts_staff"
down_revision = "0013_identity_staff"
branch_labels = None
depends_on = None

SQL = """
-- What a role allows. The same table stands in `services/accounts/roles.py` with what each permission means; a test compares both.
create table staff_role (
  code text not null,
  constraint pk_staff_role primary key (code)
);
create table staff_role_permission (
  role text not null,
  permission text not null,
  constraint pk_staff_role_permission primary key (role, permission),
  constraint fk_staff_role_permission_role foreign key (role) references staff_role (code),
  constraint ck_staff_role_permission_name check (permission ~ '^[a-z_]+[.][a-z_]+$')
);

-- A role in one unit and everything below it. `granted_by` is null when the command line granted it.
create table staff_grant (
  id uuid not null,
  staff_id uuid not null,
  role text not null,
  unit_id integer not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  granted_by uuid,
  granted_at timestamptz not null,
  revoked_at timestamptz,
  revoked_by uuid,
  constraint pk_staff_grant primary key (id),
  constraint fk_staff_grant_staff_id foreign key (staff_id) references staff (id),
  constraint fk_staff_grant_role foreign key (role) references staff_role (code),
  constraint fk_staff_grant_unit_id foreign key (unit_id) references unit (id),
  constraint fk_staff_grant_granted_by foreign key (granted_by) references staff (id),
  constraint fk_staff_grant_revoked_by foreign key (revoked_by) references staff (id),
  constraint ck_staff_grant_period check (valid_to > valid_from),
  constraint ck_staff_grant_not_oneself check (granted_by <> staff_id),
  constraint ck_staff_grant_revoked check (revoked_by is null or revoked_at is not null)
);
create unique index uq_staff_grant_living on staff_grant (staff_id, role, unit_id) where revoked_at is null;
create index ix_staff_grant_unit_id on staff_grant (unit_id);

-- The one decision whether a member of staff may do something: the units in which they may, now. Lists join it, so that nothing of another
-- area is found, counted or timed. A table, for PostgreSQL plans such a function as a part of the statement. A subtree is a range of paths:
-- `0` follows `/`, with which every path ends.
create function staff_units(p_staff uuid, p_permission text, p_now timestamptz default now())
returns table (unit_id integer) language sql stable parallel safe as $$
  select u.id
  from unit u
  where exists (
    select
    from staff_grant g
    join staff s on s.id = g.staff_id and s.state = 'active'
    join staff_role_permission p on p.role = g.role and p.permission = p_permission
    join unit r on r.id = g.unit_id
    where g.staff_id = p_staff
      and g.revoked_at is null
      and g.valid_from <= p_now
      and (g.valid_to is null or g.valid_to > p_now)
      and u.path >= r.path
      and u.path < left(r.path, -1) || '0'
  )
$$;

insert into staff_role (code) values ('agent'), ('finance'), ('auditor'), ('manager'), ('admin');
insert into staff_role_permission (role, permission)
select role, permission
from (values
  ('agent', array['accounts.view', 'accounts.reveal', 'accounts.note', 'accounts.view_as', 'payments.view']),
  ('finance', array['accounts.view', 'payments.view', 'suspense.view', 'suspense.assign', 'suspense.approve', 'imports.view']),
  ('auditor', array['accounts.view', 'payments.view', 'suspense.view', 'imports.view', 'staff.view', 'audit.view']),
  ('manager', array['accounts.view', 'accounts.reveal', 'accounts.note', 'accounts.view_as', 'payments.view', 'suspense.view',
    'suspense.assign', 'suspense.approve', 'imports.view', 'staff.view', 'staff.manage', 'staff.approve', 'audit.view']),
  ('admin', array['accounts.view', 'accounts.reveal', 'accounts.note', 'accounts.view_as', 'payments.view', 'suspense.view',
    'suspense.assign', 'suspense.approve', 'imports.view', 'staff.view', 'staff.manage', 'staff.approve', 'audit.view', 'health.view'])
) as made (role, permissions), unnest(permissions) permission;

grant select on staff_role, staff_role_permission to wattline_app;
grant select, insert, update on staff_grant to wattline_app;
"""


def upgrade() -> None:
    """Make roles, grants and the decision."""
    op.execute(SQL)
