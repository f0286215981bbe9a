"""Where an act belongs: the audit log can be read by area."""

from alembic import op

revision = "0015_accounts_audit"
down_revision = "0014_accounts_staff"
branch_labels = None
depends_on = None

SQL = """
-- The unit as it was at the time of the act; null for acts that concern no unit, and for those before this column.
alter table audit add column unit_id integer;
create index ix_audit_unit_id on audit (unit_id, id);

-- Acts about an account belong to its unit, whoever writes them. Never a reason to refuse an act: what names nothing gets no unit.
create function place_audit() returns trigger language plpgsql as $$
begin
  if new.unit_id is not null then
    return new;
  elsif new.subject ~ '^account:[0-9]{1,18}$' then
    new.unit_id := (select unit_id from account where id = substr(new.subject, 9)::bigint);
  elsif new.subject like 'account\\_no:%' then
    new.unit_id := (select unit_id from account where account_no = substr(new.subject, 12));
  elsif new.after ->> 'account_id' ~ '^[0-9]{1,18}$' then
    new.unit_id := (select unit_id from account where id = (new.after ->> 'account_id')::bigint);
  end if;
  return new;
end $$;
create trigger place before insert on audit for each row execute function place_audit();
"""


def upgrade() -> None:
    """Give audited acts a unit."""
    op.execute(SQL)
