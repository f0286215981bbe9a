"""What is kept of an import: whose it was, of which file, what came of its rows, and whether it only looked."""

from alembic import op

revision = "0034_core_imports"
down_revision = "0033_payments_callbacks"
branch_labels = None
depends_on = None

SQL = """
-- `mode` check is a dry run. `is_full`: the file tells all there is of a part of the supplier, `scope` (a unit's code, empty for all of it).
-- `signed_off_id` is the dry run whose totals were signed off for this one. `trimmed_at`: from then on not all of its rejects are kept.
alter table import_run
  add column mode text not null default 'load',
  add column file_name text,
  add column file_bytes bigint,
  add column actor text not null default 'command:import',
  add column is_full boolean not null default false,
  add column scope text not null default '',
  add column signed_off_id bigint,
  add column rows_new bigint not null default 0,
  add column rows_changed bigint not null default 0,
  add column rows_unchanged bigint not null default 0,
  add column vanished bigint,
  add column known bigint,
  add column trimmed_at timestamptz,
  add constraint fk_import_run_signed_off_id foreign key (signed_off_id) references import_run (id) on delete set null,
  add constraint ck_import_run_mode check (mode in ('load', 'check')),
  add constraint ck_import_run_scope check (is_full or scope = ''),
  add constraint ck_import_run_vanished check ((vanished is null) = (known is null) and vanished between 0 and known),
  add constraint ck_import_run_taken check (least(rows_new, rows_changed, rows_unchanged) >= 0
    and rows_new + rows_changed + rows_unchanged + rows_rejected <= rows_done);
drop index uq_import_run_unfinished;
create unique index uq_import_run_unfinished on import_run (kind, file_digest, mode, is_full, scope) where finished_at is null;
create index ix_import_run_signed_off_id on import_run (signed_off_id) where signed_off_id is not null;

-- The unit that a refused row names; 0 when it names none that is known.
alter table import_reject add column unit_id integer not null default 0;
create index ix_import_reject_unit_id on import_reject (run_id, unit_id, row_no, field);
"""


def upgrade() -> None:
    """Let runs tell more than how far they came."""
    op.execute(SQL)
