"""Months with something to price, and on what a stored cost rests beside its part."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0094_usage_unpriced"
down_revision = "0093_tariffs_ends"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "usage_cycle_days.sql"
TABLES = """
-- Appended to, and deleted from once done: two who drop costs of the same accounts do not wait for each other.
create table usage_unpriced (
  id bigint generated always as identity,
  month date not null,
  first_account bigint not null,
  constraint pk_usage_unpriced primary key (id),
  constraint ck_usage_unpriced_month check (extract(day from month) = 1)
);
grant select, insert, update, delete on usage_unpriced to wattline_app;

-- Where tiers are climbed: of how many months the limits are, what was used before, and since when (days from 2000). Null: the part alone counts.
alter table usage_cost add rests_on bigint[];
"""


def upgrade() -> None:
    """Make the table, the column and the function."""
    op.execute(TABLES)
    op.execute(FUNCTION.read_text(encoding="utf-8"))
