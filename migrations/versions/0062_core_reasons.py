"""What staff typed as a reason may name somebody: it is struck out when they are erased."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0062_core_reasons"
down_revision = "0061_casework_one_request"
branch_labels = None
depends_on = None

FUNCTIONS: Final = Path(__file__).parents[1] / "sql" / "core_reasons.sql"
INDEXES: Final = """
create index ix_approval_request_about on approval_request ((split_part(subject, ':', 1) || ':' || split_part(subject, ':', 2)));
create index ix_audit_left_customer on audit ((before ->> 'customer_id')) where act = 'accounts.holder_changed';
"""


def upgrade() -> None:
    """Let the audit log forget why, and find what else is about the same."""
    op.execute(INDEXES)
    op.execute(FUNCTIONS.read_text(encoding="utf-8"))
