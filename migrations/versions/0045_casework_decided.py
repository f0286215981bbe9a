"""What somebody decided is found without reading what others did."""

from alembic import op

revision = "0045_casework_decided"
down_revision = "0044_payments_refund"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index decided requests by who decided."""
    op.execute(
        "create index ix_approval_request_decided_by on approval_request (decided_by, id) where decided_by is not null"
    )
