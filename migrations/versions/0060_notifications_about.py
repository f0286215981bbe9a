"""A message that names a person knows whom, so that it may forget them."""

from alembic import op

revision = "0060_notifications_about"
down_revision = "0059_payments_suspense_told"
branch_labels = None
depends_on = None

SQL = """
-- Whom the value `person` of a message names. A message that is written while they are erased waits for that, or that for it.
alter table message add column about_user uuid,
  add constraint fk_message_about_user foreign key (about_user) references app_user (id);

-- Who linked, was let in or invited has or had access to the account, and a masked telephone says which of them it was.
update message m set about_user = u.id
from access_grant g join app_user u on u.id = g.user_id
where m.template in ('account_linked', 'access_invited', 'access_accepted') and m.params ? 'person'
  and m.account_ids = array[g.account_id] and m.params ->> 'person' = u.phone_masked;
-- Of anybody else nothing tells who it was: they would stay for ever.
update message set params = params || '{"person": "-"}'
where template in ('account_linked', 'access_invited', 'access_accepted') and params ? 'person' and about_user is null;

create index ix_message_about_user on message (about_user) where about_user is not null;
"""


def upgrade() -> None:
    """Add the person, find who it was, and forget those who are not there any more."""
    op.execute(SQL)
