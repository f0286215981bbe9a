"""The highest demand of each demand period, for versions whose charges on demand know periods."""

from alembic import op

revision = "0107_usage_demand_periods"
down_revision = "0106_metering_moved_order"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: null for versions without, so nothing is rewritten; of the large tables nothing is read either."""
    op.execute(
        """alter table tariff_day add column demand_periods smallint[],
             add constraint ck_tariff_day_demand_periods
               check (cardinality(demand_periods) = cardinality(periods) and 1 <= all (demand_periods))"""
    )
    op.execute("alter table usage_day add column demands bigint[]")
    op.execute("alter table usage_month add column demands bigint[]")
