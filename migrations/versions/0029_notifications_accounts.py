"""Which accounts a message is about, by their ids."""

from alembic import op

revision = "0029_notifications_accounts"
down_revision = "0028_payments_assignment"
branch_labels = None
depends_on = None

SQL = """
-- Empty where a message is about no account, or where nothing tells for certain which one it was: a number's last four digits do not.
alter table message add column account_ids bigint[] not null default '{}';

update message set account_ids = array[split_part(intent, ':', 2)::bigint]
where intent ~ '^(bill_ready|account_linked):[0-9]{1,18}:' and params <> '{}';

update message m set account_ids = i.account_ids
from (
  select 'payment_receipt:' || attempt_id as intent, array_agg(distinct account_id order by account_id) as account_ids
  from payment_part group by attempt_id
) i
where m.intent = i.intent and m.params <> '{}';

update message m set account_ids = array[i.account_id]
from access_invitation i where m.intent = 'access_invited:' || i.id and m.params <> '{}';
"""


def upgrade() -> None:
    """Add the accounts, and fill in those that are certain."""
    op.execute(SQL)
