"""A meter is at an account from one day up to, not including, another; afterwards it may come to another account."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0074_accounts_meter_dates"
down_revision = "0073_identity_put_off"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "accounts_gaps_meters.sql"
SQL: Final = """
-- What is there already is at its account, and since when nobody said.
alter table meter add column installed_on date, add column removed_on date,
  add constraint ck_meter_dates check (removed_on >= installed_on) not valid;
alter table import_seen drop constraint ck_import_seen_kind,
  add constraint ck_import_seen_kind check (kind in ('account', 'bill', 'number', 'meter')) not valid;
"""


def upgrade() -> None:
    """Make room for the dates. `migrations/fills.py` lets a number be at one account at a time, instead of ever."""
    op.execute(SQL)
    op.execute(FUNCTION.read_text(encoding="utf-8"))
