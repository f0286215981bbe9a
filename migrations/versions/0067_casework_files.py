"""Lists of the console as files: what was asked for, and its pieces, sealed."""

from alembic import op

revision = "0067_casework_files"
down_revision = "0066_accounts_notes_sealed"
branch_labels = None
depends_on = None

SQL = """
create table staff_file (
  id uuid not null,
  staff_id uuid not null,
  of_list text not null,
  filters jsonb not null,
  tells_of_people boolean not null,
  unit_ids integer[] not null default '{}',
  is_everywhere boolean not null default false,
  state text not null,
  position jsonb,
  piece_count integer not null default 0,
  row_count integer not null default 0,
  is_cut boolean not null default false,
  failures smallint not null default 0,
  asked_at timestamptz not null,
  due_at timestamptz,
  taken_at timestamptz,
  expires_at timestamptz not null,
  constraint pk_staff_file primary key (id),
  constraint fk_staff_file_staff_id foreign key (staff_id) references staff (id),
  constraint ck_staff_file_of_list check (length(of_list) between 1 and 32),
  constraint ck_staff_file_state check (state in ('asked', 'ready', 'refused', 'failed')),
  constraint ck_staff_file_due check ((state = 'asked') = (due_at is not null)),
  constraint ck_staff_file_counts check (piece_count >= 0 and row_count >= 0)
);
create index ix_staff_file_staff_id on staff_file (staff_id, asked_at);
create index ix_staff_file_due on staff_file (due_at) where state = 'asked';
create index ix_staff_file_expires_at on staff_file (expires_at);

create table staff_file_piece (
  file_id uuid not null,
  no integer not null,
  text_sealed bytea not null,
  constraint pk_staff_file_piece primary key (file_id, no),
  constraint fk_staff_file_piece_file_id foreign key (file_id) references staff_file (id) on delete cascade,
  constraint ck_staff_file_piece_no check (no >= 0)
);

grant select, insert, update, delete on staff_file, staff_file_piece to wattline_app;
"""


def upgrade() -> None:
    """Make both tables."""
    op.execute(SQL)
