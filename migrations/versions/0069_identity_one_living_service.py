"""Whether a program may still act is decided by where it calls from, too: what the version before last asked is gone."""

from alembic import op

revision = "0069_identity_one_living_service"
down_revision = "0068_identity_export_codes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take away the decision that does not know the address."""
    op.execute("drop function living_service(uuid, uuid, timestamptz)")
