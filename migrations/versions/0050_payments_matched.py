"""A number that was named for money that is booked under another is matched with that money, and closed."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0050_payments_matched"
down_revision = "0049_payments_feed_returns"
branch_labels = None
depends_on = None

SQL: Final = """
-- Of rows without money alone: whose the money is was decided, by whom and why.
alter table payment_suspense
  add column matched_by uuid,
  add column matched_at timestamptz,
  add column matched_why text,
  add constraint fk_payment_suspense_matched_by foreign key (matched_by) references staff (id),
  drop constraint ck_payment_suspense_state,
  add constraint ck_payment_suspense_state check (state in ('open', 'assigned', 'returned', 'matched')),
  add constraint ck_payment_suspense_matched check (
    num_nonnulls(matched_by, matched_at, matched_why) = case when state = 'matched' then 3 else 0 end
    and (state in ('open', 'matched') or reason <> 'transaction_claimed') and (state <> 'matched' or reason = 'transaction_claimed'));
create index ix_payment_suspense_transaction_id on payment_suspense (transaction_id);
"""


def upgrade() -> None:
    """Add what a match leaves, and tell payers where such money went."""
    op.execute(SQL)
    op.execute((Path(__file__).parents[1] / "sql" / "payments_view_places.sql").read_text(encoding="utf-8"))
