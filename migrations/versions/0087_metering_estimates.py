"""How far the day's round of estimates has come."""

from alembic import op

revision = "0087_metering_estimates"
down_revision = "0086_accounts_entitlements_end"
branch_labels = None
depends_on = None

SQL = """
-- As quality_round: `next_from` is the account where it goes on, null at its end.
create table estimation_round (
  day date not null,
  next_from bigint,
  constraint pk_estimation_round primary key (day)
);
grant select, insert, update, delete on estimation_round to wattline_app;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(SQL)
