"""Dry runs that wait for a sign-off are found by the units that they touch: of other units' none is read."""

from alembic import op

revision = "0079_accounts_dry_totals"
down_revision = "0078_casework_files_anew"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Dry runs are few beside files and pushes: their totals are marked here."""
    op.execute("alter table import_total add column is_dry boolean not null default false")
    op.execute("update import_total t set is_dry = true from import_run r where r.id = t.run_id and r.mode = 'check'")
    op.execute("create index ix_import_total_dry on import_total (unit_id, run_id) where is_dry")
