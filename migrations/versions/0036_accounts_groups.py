"""Groups of accounts: a person's own, of accounts that they may pay for."""

from alembic import op

revision = "0036_accounts_groups"
down_revision = "0035_accounts_imports"
branch_labels = None
depends_on = None

SQL = """
create table account_group (
  id uuid not null,
  user_id uuid not null,
  name text not null,
  created_at timestamptz not null,
  constraint pk_account_group primary key (id),
  constraint uq_account_group_name unique (user_id, name),
  constraint fk_account_group_user_id foreign key (user_id) references app_user (id),
  constraint ck_account_group_name check (length(name) between 1 and 60)
);
create table account_group_member (
  group_id uuid not null,
  account_id bigint not null,
  constraint pk_account_group_member primary key (group_id, account_id),
  constraint fk_account_group_member_group_id foreign key (group_id) references account_group (id) on delete cascade,
  constraint fk_account_group_member_account_id foreign key (account_id) references account (id)
);
create index ix_account_group_member_account_id on account_group_member (account_id);

-- The one decision which accounts belong to a person's groups, to one of them or (p_group null) to all: those put in that the person may pay for
-- at p_now. Statements join it, of which it becomes a part.
create function account_group_members(p_user uuid, p_group uuid, p_now timestamptz)
returns table (group_id uuid, account_id bigint, scope text) language sql stable parallel safe as $$
  select m.group_id, m.account_id, r.scope
  from account_group g
  join account_group_member m on m.group_id = g.id
  join access_grant r on r.user_id = g.user_id and r.account_id = m.account_id and r.revoked_at is null
  where g.user_id = p_user
    and (p_group is null or g.id = p_group)
    and r.role in ('owner', 'payer')
    and r.valid_from <= p_now
    and (r.valid_to is null or r.valid_to > p_now)
$$;

-- An access that ends takes the account out of its person's groups: whoever gets in again puts it in again. Other terms of the same access do not.
create function account_group_leave() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  delete from account_group_member m using account_group g
  where g.id = m.group_id and g.user_id = new.user_id and m.account_id = new.account_id;
  return null;
end $$;
create trigger leave_groups after update of revoked_at on access_grant for each row
  when (old.revoked_at is null and new.revoked_at is not null and new.ended_why is distinct from 'replaced') execute function account_group_leave();

grant select, insert, update, delete on account_group to wattline_app;
grant select, insert, delete on account_group_member to wattline_app;
"""


def upgrade() -> None:
    """Make groups, their members, and who belongs."""
    op.execute(SQL)
