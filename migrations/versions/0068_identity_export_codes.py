"""A one-time code may be good for taking the copy of one's data, too."""

from typing import Final

from alembic import op

revision = "0068_identity_export_codes"
down_revision = "0067_casework_files"
branch_labels = None
depends_on = None

SQL: Final = """
alter table otp_challenge drop constraint ck_otp_challenge_purpose,
  add constraint ck_otp_challenge_purpose check (purpose in ('sign_in', 'erase', 'export')) not valid;
alter table otp_challenge validate constraint ck_otp_challenge_purpose;
"""


def upgrade() -> None:
    """Let it be asked for from now on."""
    op.execute(SQL)
