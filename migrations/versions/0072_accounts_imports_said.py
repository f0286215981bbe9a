"""A dry run remembers what each row said, so that a later row of the same number is compared with that."""

from alembic import op

revision = "0072_accounts_imports_said"
down_revision = "0071_payments_suspense_amount"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; what a run has met goes when it ends."""
    op.execute("alter table import_seen add column said jsonb")
