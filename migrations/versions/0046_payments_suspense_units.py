"""Money without a place is found by the units that may see it, without reading that of others."""

from alembic import op

revision = "0046_payments_suspense_units"
down_revision = "0045_casework_decided"
branch_labels = None
depends_on = None

SQL = """
-- The units of what money came for: of its account, else of every account of its order; none where nobody knows.
create function suspense_units(p_account bigint, p_order uuid) returns integer[] language sql stable as $$
  select coalesce(array_agg(distinct a.unit_id order by a.unit_id), '{}')
  from (
    select p_account as id where p_account is not null
    union
    select p.account_id from payment_attempt q join payment_part p on p.attempt_id = q.id where q.order_id = p_order and p_account is null
  ) n
  join account a on a.id = n.id
$$;

alter table payment_suspense add column unit_ids integer[] not null default '{}';
update payment_suspense set unit_ids = suspense_units(account_id, order_id);
create index ix_payment_suspense_unit_ids on payment_suspense using gin (unit_ids) with (fastupdate = off);

create function place_suspense() returns trigger language plpgsql as $$
begin
  new.unit_ids := suspense_units(new.account_id, new.order_id);
  return new;
end $$;
create trigger place before insert on payment_suspense for each row execute function place_suspense();

-- An account that passes to another unit takes along what waits for it.
create function move_suspense() returns trigger language plpgsql as $$
begin
  update payment_suspense set unit_ids = suspense_units(account_id, order_id) where unit_ids @> array[old.unit_id];
  return null;
end $$;
create trigger move_suspense after update of unit_id on account for each row when (old.unit_id <> new.unit_id) execute function move_suspense();
grant update (unit_ids) on payment_suspense to wattline_app;
"""


def upgrade() -> None:
    """Keep the units, and keep them right."""
    op.execute(SQL)
