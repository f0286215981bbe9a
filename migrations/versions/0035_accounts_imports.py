"""Reports of imports by unit: totals, amounts, what vanished, and who signed off."""

from alembic import op

revision = "0035_accounts_imports"
down_revision = "0034_core_imports"
branch_labels = None
depends_on = None

SQL = """
-- What a run came to in a unit; unit 0 stands for rows that name none that is known. `accounts`: different ones among the rows that were taken.
create table import_total (
  run_id bigint not null,
  unit_id integer not null,
  rows_new bigint not null default 0,
  rows_changed bigint not null default 0,
  rows_unchanged bigint not null default 0,
  rows_rejected bigint not null default 0,
  accounts bigint not null default 0,
  vanished bigint not null default 0,
  constraint pk_import_total primary key (run_id, unit_id),
  constraint fk_import_total_run_id foreign key (run_id) references import_run (id) on delete cascade
) with (fillfactor = 50);
create index ix_import_total_unit_id on import_total (unit_id, run_id);

-- Sums of the bills taken, by what the file says of them: all open, part-paid (`opening`) or settled. `owed_minor` is by how much they change what
-- is owed here. Sums of amounts of any size: numeric.
create table import_amount (
  run_id bigint not null,
  unit_id integer not null,
  currency text not null,
  kind text not null,
  bills bigint not null,
  amount_minor numeric(38,0) not null,
  open_minor numeric(38,0) not null,
  owed_minor numeric(38,0) not null,
  constraint pk_import_amount primary key (run_id, unit_id, currency, kind),
  constraint fk_import_amount_run_id foreign key (run_id) references import_run (id) on delete cascade,
  constraint ck_import_amount_kind check (kind in ('open', 'opening', 'settled'))
) with (fillfactor = 50);

-- What a run that is not at its end has met: accounts and bills by id, numbers not known here by a hash. Emptied when the run ends.
create table import_seen (
  run_id bigint not null,
  kind text not null,
  key bigint not null,
  constraint pk_import_seen primary key (run_id, kind, key),
  constraint fk_import_seen_run_id foreign key (run_id) references import_run (id) on delete cascade,
  constraint ck_import_seen_kind check (kind in ('account', 'bill', 'number'))
);

-- What is known here and not in a file that tells all: an account, or an open bill with what is owed of it.
create table import_vanished (
  run_id bigint not null,
  unit_id integer not null,
  account_no text not null,
  bill_no text not null default '',
  open_minor bigint,
  currency text,
  constraint pk_import_vanished primary key (run_id, account_no, bill_no),
  constraint fk_import_vanished_run_id foreign key (run_id) references import_run (id) on delete cascade,
  constraint ck_import_vanished_bill check ((bill_no <> '') = (open_minor is not null) and (open_minor is null) = (currency is null))
);
create index ix_import_vanished_unit_id on import_vanished (run_id, unit_id, account_no, bill_no);

create table import_sign_off (
  run_id bigint not null,
  staff_id uuid not null,
  signed_at timestamptz not null,
  constraint pk_import_sign_off primary key (run_id),
  constraint fk_import_sign_off_run_id foreign key (run_id) references import_run (id) on delete cascade,
  constraint fk_import_sign_off_staff_id foreign key (staff_id) references staff (id)
);

grant select, insert, update, delete on import_total, import_amount, import_seen, import_vanished to wattline_app;
grant select, insert on import_sign_off to wattline_app;

insert into staff_role_permission (role, permission) values
  ('finance', 'imports.sign_off'), ('manager', 'imports.sign_off'), ('admin', 'imports.sign_off');
"""


def upgrade() -> None:
    """Make the tables of reports, and let some sign them off."""
    op.execute(SQL)
