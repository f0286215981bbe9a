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
"""


def upgrade() -> None:
    """Keep it together from now on; `migrations/fills.py` moves what has stayed behind."""
    op.execute(SQL)
