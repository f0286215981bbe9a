"""A message that has ended may forget to whom it went."""

from alembic import op

revision = "0025_notifications_erasure"
down_revision = "0024_accounts_erasure"
branch_labels = None
depends_on = None

SQL = """
alter table message drop constraint ck_message_address,
  add constraint ck_message_address check (
    (address_sealed is null) = (address_blind is null) and (channel = 'sms' or address_sealed is null)
    and (channel <> 'sms' or address_sealed is not null or due_at is null)
  );
"""


def upgrade() -> None:
    op.execute(SQL)
