"""Whose agreements and holders changed, for whoever follows them; and since when holders before the present one had an account."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0100_accounts_holding"
down_revision = "0099_metering_units"
branch_labels = None
depends_on = None

TRIGGERS: Final = Path(__file__).parents[1] / "sql" / "accounts_holding.sql"
TABLES = """
-- Appended to by triggers, and deleted from once followed.
create table holding_change (
  id bigint generated always as identity,
  account_id bigint not null,
  on_day date not null,
  constraint pk_holding_change primary key (id)
);
grant select, update, delete on holding_change to wattline_app;

-- Days on which an account got a holder who left again. The present one's is `account.holder_since`.
create table holder_before (
  account_id bigint not null,
  since date not null,
  constraint pk_holder_before primary key (account_id, since),
  constraint fk_holder_before_account_id foreign key (account_id) references account (id)
);
grant select on holder_before to wattline_app;
"""


def upgrade() -> None:
    """Make the tables, and the triggers that write them."""
    op.execute(TABLES)
    op.execute(TRIGGERS.read_text(encoding="utf-8"))
