"""Copies and erasures of people whose turn failed, and until when they are put off."""

from typing import Final

from alembic import op

revision = "0073_identity_put_off"
down_revision = "0072_accounts_imports_said"
branch_labels = None
depends_on = None

SQL: Final = """
alter table erasure add column failures smallint not null default 0, add column error text,
  add column failing_since timestamptz;
alter table data_export add column failures smallint not null default 0, add column error text,
  add column due_at timestamptz not null default now();
"""


def upgrade() -> None:
    """Make room for it: nobody has failed yet."""
    op.execute(SQL)
