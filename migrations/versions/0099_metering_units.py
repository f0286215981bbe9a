"""Readings that wait, and what is odd, are listed by unit without reading those of others."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0099_metering_units"
down_revision = "0098_core_aside"
branch_labels = None
depends_on = None

FUNCTIONS: Final = Path(__file__).parents[1] / "sql" / "metering_units.sql"
SQL: Final = """
alter table reading_quarantine add column unit_id integer;
alter table reading_finding add column unit_id integer;
create trigger place before insert on reading_quarantine for each row execute function place_reading();
create trigger place before insert on reading_finding for each row execute function place_reading();
create trigger move_readings after update of unit_id on account
  for each row when (old.unit_id <> new.unit_id) execute function move_readings();
update reading_quarantine q set unit_id = a.unit_id from account a where a.id = q.account_id;
update reading_finding f set unit_id = a.unit_id from account a where a.id = f.account_id;
alter table reading_quarantine alter column unit_id set not null;
alter table reading_finding alter column unit_id set not null;
alter table reading_quarantine add constraint ck_reading_quarantine_reason
  check (reason in ('negative', 'implausible', 'inverted', 'contradicted', 'decided', 'first'));

create index ix_reading_quarantine_unit on reading_quarantine (unit_id, account_id, id) include (reason) where state = 'open';
create index ix_reading_finding_unit on reading_finding (unit_id, account_id, id) where ended_at is null and dismissed_at is null;
drop index ix_reading_quarantine_open, ix_reading_finding_open;
"""


def upgrade() -> None:
    """Add the columns and what keeps them right, and read by them."""
    op.execute(FUNCTIONS.read_text(encoding="utf-8"))
    op.execute(SQL)
