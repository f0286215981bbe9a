"""Dry runs that may wait for a sign-off are found among themselves, however many pushes come."""

from alembic import op

revision = "0075_accounts_dry_runs"
down_revision = "0074_accounts_meter_dates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs are few and kept for 400 days: the index is built at once."""
    op.execute(
        "create index ix_import_run_dry on import_run (id) "
        "where mode = 'check' and finished_at is not null and signed_off_id is null"
    )
