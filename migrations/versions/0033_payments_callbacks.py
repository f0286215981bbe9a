"""What a callback is about and what came of it; who may look into callbacks, and who may ask a provider."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0033_payments_callbacks"
down_revision = "0032_accounts_programs"
branch_labels = None
depends_on = None

SQL: Final = """
-- `subject` is the sender's number of what the callback is about, as our books have it. Callbacks from before have none.
alter table inbox
  add column subject text,
  add column outcome text;
create index ix_inbox_subject on inbox (source, subject) where subject is not null;

insert into staff_role_permission (role, permission) values
  ('agent', 'payments.check'), ('finance', 'payments.check'), ('manager', 'payments.check'), ('admin', 'payments.check'),
  ('finance', 'payments.reveal'), ('manager', 'payments.reveal'), ('admin', 'payments.reveal');
"""
FILES: Final = ("core_callbacks_about", "payments_take")


def upgrade() -> None:
    """Link callbacks with payments from now on, and allow looking."""
    op.execute(SQL)
    for name in FILES:
        op.execute((Path(__file__).parents[1] / "sql" / f"{name}.sql").read_text(encoding="utf-8"))
