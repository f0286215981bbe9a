"""What is missing of an account goes with it to another unit, and is found there without reading that of others."""

from typing import Final

from alembic import op

revision = "0054_accounts_gap_units"
down_revision = "0053_identity_lists"
branch_labels = None
depends_on = None

SQL: Final = """
create function move_gap() returns trigger language plpgsql as $$
begin
  update account_gap set unit_id = new.unit_id where account_id = new.id;
  return null;
end $$;
create trigger move_gap after update of unit_id on account for each row when (old.unit_id <> new.unit_id) execute function move_gap();
update account_gap q set unit_id = a.unit_id from account a where a.id = q.account_id and a.unit_id <> q.unit_id;

-- Lists are read unit by unit; no statement went by level 1 alone over all units.
drop index ix_account_gap_level1;
create index ix_account_gap_unit_level1 on account_gap (unit_id, account_id) where gaps & 255 <> 0;
"""


def upgrade() -> None:
    """Move what has stayed behind, and keep it together."""
    op.execute(SQL)
