"""A file of a list that is written again keeps its day, and takes no place of those that somebody asks for."""

from alembic import op

revision = "0078_casework_files_anew"
down_revision = "0077_accounts_corrections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Files are few and kept for a day."""
    op.execute("alter table staff_file add column is_anew boolean not null default false")
