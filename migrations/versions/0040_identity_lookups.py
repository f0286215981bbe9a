"""Lookups are counted beside codes: what one network, or one member of staff, may learn of others."""

from alembic import op

revision = "0040_identity_lookups"
down_revision = "0039_notifications_webhooks"
branch_labels = None
depends_on = None

SQL = """
alter table sign_in_limit drop constraint ck_sign_in_limit_kind,
  add constraint ck_sign_in_limit_kind check (kind in ('phone', 'device', 'address', 'service', 'lookup')) not valid;
alter table sign_in_limit validate constraint ck_sign_in_limit_kind;
"""


def upgrade() -> None:
    """Let lookups be counted."""
    op.execute(SQL)
