"""How a session was opened: only one that a one-time code opened proves its person's telephone."""

from typing import Final

from alembic import op

revision = "0064_identity_opened_by"
down_revision = "0063_payments_suspense_followed"
branch_labels = None
depends_on = None

SQL: Final = """
-- Null for sessions that were opened before it was kept, and by a release of before while both run: they prove nothing.
alter table session_family
  add column opened_by text,
  add constraint ck_session_family_opened_by check (opened_by in ('code', 'wechat')) not valid;
alter table session_family validate constraint ck_session_family_opened_by;
"""


def upgrade() -> None:
    """Keep it from now on."""
    op.execute(SQL)
