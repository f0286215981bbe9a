"""The audit log may forget from where a person acted, and nothing else."""

from alembic import op

revision = "0022_core_forgetting"
down_revision = "0021_identity_service_clients"
branch_labels = None
depends_on = None

SQL = """
create function keep_act() returns trigger language plpgsql as $$
begin
  if new.address is null and (to_jsonb(new) - 'address') = (to_jsonb(old) - 'address') then
    return new;
  end if;
  raise exception 'audit is append-only' using errcode = 'restrict_violation';
end $$;
drop trigger refuse_change on audit;
create trigger refuse_change before delete or truncate on audit for each statement execute function refuse_change();
create trigger keep before update on audit for each row execute function keep_act();

-- A person who is erased leaves acts of an id that leads to nobody: their network address would.
create function audit_forget(p_actor text) returns bigint language sql security definer set search_path = public, pg_temp as $$
  with forgotten as (update audit set address = null where actor = p_actor and address is not null returning 1)
  select count(*) from forgotten
$$;
revoke all on function audit_forget from public;
grant execute on function audit_forget to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
