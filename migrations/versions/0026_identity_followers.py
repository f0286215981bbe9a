"""Find followers who left, to forget them."""

from alembic import op

revision = "0026_identity_followers"
down_revision = "0025_notifications_erasure"
branch_labels = None
depends_on = None

SQL = """
create index ix_wechat_follower_left on wechat_follower (changed_at) where not follows;
"""


def upgrade() -> None:
    """An index for the daily task."""
    op.execute(SQL)
