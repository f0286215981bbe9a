"""Facts that never happen leave the feed: what was booked goes back by a refund, or stays."""

from typing import Final

from alembic import op

revision = "0055_payments_feed_kinds"
down_revision = "0054_accounts_gap_units"
branch_labels = None
depends_on = None

SQL: Final = """
alter table payment_feed_pending
  drop constraint ck_payment_feed_pending_kind,
  add constraint ck_payment_feed_pending_kind check (kind in ('booked', 'suspended', 'assigned', 'unassigned', 'returned', 'return_failed'));
-- Judged of what comes from now on; `migrations/fills.py` lets the database read what is there.
alter table payment_feed
  drop constraint ck_payment_feed_kind,
  add constraint ck_payment_feed_kind check (kind in ('booked', 'suspended', 'assigned', 'unassigned', 'returned', 'return_failed')) not valid,
  drop constraint ck_payment_feed_amount,
  add constraint ck_payment_feed_amount check (amount_minor <> 0 and (kind in ('unassigned', 'returned')) = (amount_minor < 0)) not valid;

-- Who listened for `payment.reversed` alone wanted to hear of what is taken back.
update webhook_endpoint
  set events = case when events <@ array['payment.reversed'] then array['payment.unassigned'] else array_remove(events, 'payment.reversed') end
  where 'payment.reversed' = any(events);
"""


def upgrade() -> None:
    """Take the kind out of feed and webhooks."""
    op.execute(SQL)
