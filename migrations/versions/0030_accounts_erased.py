"""Customers who were erased stay so whatever a file says, and those who gave all their accounts away can be erased."""

from alembic import op

revision = "0030_accounts_erased"
down_revision = "0029_notifications_accounts"
branch_labels = None
depends_on = None

SQL = """
-- `erased_at`: the row is a tombstone since then, and no import writes a name to it. `last_left_at`: when an account of theirs last went to
-- another holder; the years for which they are needed begin there as well.
alter table customer add column erased_at timestamptz, add column last_left_at timestamptz;

update customer set erased_at = now() where name_masked = '' and tokens = '{}' and fingerprint = ''::bytea;

update customer c set last_left_at = l.at
from (
  select (before ->> 'customer_id')::bigint as customer_id, max(recorded_at) as at from audit
  where act = 'accounts.holder_changed' and before ->> 'customer_id' is not null group by 1
) l
where c.id = l.customer_id;
-- Of whom the log says nothing, the years begin today.
update customer c set last_left_at = now()
where c.last_left_at is null and c.erased_at is null and not exists (select from account a where a.customer_id = c.id);
"""


def upgrade() -> None:
    """Add both columns and fill them from what is known."""
    op.execute(SQL)
