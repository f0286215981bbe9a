"""Payments for several accounts: each part tells whose it is."""

from pathlib import Path

from alembic import op

revision = "0019_payments_together"
down_revision = "0018_identity_wechat"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute((Path(__file__).parents[1] / "sql" / "payments_view.sql").read_text(encoding="utf-8"))
