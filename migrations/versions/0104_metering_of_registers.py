"""Which changes are of registers: no estimate rests on them."""

from alembic import op

revision = "0104_metering_of_registers"
down_revision = "0103_metering_moves"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("alter table usage_change add of_registers boolean not null default false")
