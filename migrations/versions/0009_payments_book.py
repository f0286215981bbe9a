"""Bookings in one statement: what is ordinary about a payment is done where its rows are."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0009_payments_book"
down_revision = "0008_ledger_checks"
branch_labels = None
depends_on = None

FILES: Final = ("core_callbacks", "billing_settle", "payments_book")


def upgrade() -> None:
    for name in FILES:
        op.execute((Path(__file__).parents[1] / "sql" / f"{name}.sql").read_text(encoding="utf-8"))
