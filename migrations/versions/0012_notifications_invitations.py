"""Messages to a telephone whose person has not signed in yet."""

from alembic import op

revision = "0012_notifications_invitations"
down_revision = "0011_accounts_delegation"
branch_labels = None
depends_on = None

SQL = """
alter table message drop constraint ck_message_owner,
  add constraint ck_message_owner check (owner ~ '^(user:[0-9a-f-]{36}|customer:[0-9]+|invitation:[0-9a-f-]{36})$');
"""


def upgrade() -> None:
    op.execute(SQL)
