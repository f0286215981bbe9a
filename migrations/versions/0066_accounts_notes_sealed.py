"""What staff write about an account is sealed, as everything else that tells of a person."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0066_accounts_notes_sealed"
down_revision = "0065_payments_view_released"
branch_labels = None
depends_on = None

FUNCTIONS: Final = Path(__file__).parents[1] / "sql" / "accounts_notes_sealed.sql"
COLUMN: Final = """
alter table account_note add column text_sealed bytea, alter column text set default '',
  drop constraint ck_account_note_text,
  -- Four bytes a character, and what a sealed value has besides. `migrations/fills.py` lets the database read what is there.
  add constraint ck_account_note_text check (
    length(text) <= 2000 and octet_length(text_sealed) <= 8400
    and (text <> '')::integer + (text_sealed is not null)::integer = (erased_at is null)::integer) not valid;
"""


def upgrade() -> None:
    """Make room for the sealed text; the task `keys.seal_notes` seals what stands in clear, in small steps."""
    op.execute(COLUMN)
    op.execute(FUNCTIONS.read_text(encoding="utf-8"))
