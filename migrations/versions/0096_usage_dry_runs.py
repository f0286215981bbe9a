"""Dry runs of tariffs over more accounts than are answered at once: what was asked, how far it is, what each account comes to."""

from alembic import op

revision = "0096_usage_dry_runs"
down_revision = "0095_metering_dismissed"
branch_labels = None
depends_on = None

SQL = """
-- Of a member of staff or of a program. `document` is what is tried, as it was when it was asked for; `behind` the last account that was looked at.
create table dry_run (
  id uuid not null,
  staff_id uuid,
  service_client_id uuid,
  tariff_code text not null,
  version_no integer not null,
  document jsonb not null,
  month date not null,
  unit_ids integer[] not null,
  state text not null,
  behind bigint not null default 0,
  accounts integer not null default 0,
  of_accounts integer not null,
  failures smallint not null default 0,
  asked_at timestamptz not null,
  due_at timestamptz,
  expires_at timestamptz not null,
  constraint pk_dry_run primary key (id),
  constraint fk_dry_run_staff_id foreign key (staff_id) references staff (id),
  constraint fk_dry_run_service_client_id foreign key (service_client_id) references service_client (id),
  constraint fk_dry_run_tariff_code foreign key (tariff_code) references tariff (code),
  constraint ck_dry_run_asker check ((staff_id is null) <> (service_client_id is null)),
  constraint ck_dry_run_state check (state in ('asked', 'ready', 'refused', 'failed')),
  constraint ck_dry_run_due check ((state = 'asked') = (due_at is not null)),
  constraint ck_dry_run_counts check (accounts >= 0 and of_accounts >= 0)
);
create index ix_dry_run_staff_id on dry_run (staff_id, asked_at) where staff_id is not null;
create index ix_dry_run_service_client_id on dry_run (service_client_id, asked_at) where service_client_id is not null;
create index ix_dry_run_due on dry_run (due_at) where state = 'asked';
create index ix_dry_run_expires_at on dry_run (expires_at);

-- What an account's month costs by what it has and by what is tried, or why there is no saying.
create table dry_run_account (
  run_id uuid not null,
  account_id bigint not null,
  before_minor bigint,
  after_minor bigint,
  currency text,
  is_by_tried boolean,
  faults jsonb,
  constraint pk_dry_run_account primary key (run_id, account_id),
  constraint fk_dry_run_account_run_id foreign key (run_id) references dry_run (id) on delete cascade,
  constraint ck_dry_run_account_priced check (
    (faults is null) = (before_minor is not null) and (faults is null) = (after_minor is not null) and (faults is null) = (currency is not null)
    and (faults is null) = (is_by_tried is null))
);
create index ix_dry_run_account_change on dry_run_account (run_id, abs(after_minor - before_minor) desc, account_id) where faults is null;
create index ix_dry_run_account_faults on dry_run_account (run_id, account_id) where faults is not null;

grant select, insert, update, delete on dry_run, dry_run_account to wattline_app;
"""


def upgrade() -> None:
    """Make both tables."""
    op.execute(SQL)
