"""What rules find odd in readings that were taken, for staff; and how far the day's round has come."""

from alembic import op

revision = "0090_metering_findings"
down_revision = "0089_usage_cycle_left"
branch_labels = None
depends_on = None

SQL = """
-- Energies in millionths of a kWh: what was found, and what it was held against. Open until its cause is gone; both days count.
create table reading_finding (
  account_id bigint not null,
  id uuid not null default uuidv7(),
  kind text not null,
  meter_no text not null,
  channel text not null,
  first_day date not null,
  last_day date not null,
  found bigint not null,
  expected bigint not null,
  found_at timestamptz not null,
  ended_at timestamptz,
  constraint pk_reading_finding primary key (account_id, id),
  constraint fk_reading_finding_account_id foreign key (account_id) references account (id),
  constraint ck_reading_finding_kind check (kind in ('spike', 'zeros', 'sums')),
  constraint ck_reading_finding_channel check (channel in ('import', 'export', 'reactive_lag', 'reactive_lead')),
  constraint ck_reading_finding_days check (first_day <= last_day)
);
create unique index uq_reading_finding_open on reading_finding (account_id, kind, meter_no, channel, first_day) where ended_at is null;
create index ix_reading_finding_open on reading_finding (account_id, id) where ended_at is null;

-- As estimation_round.
create table validation_round (
  day date not null,
  next_from bigint,
  constraint pk_validation_round primary key (day)
);
grant select, insert, update on reading_finding to wattline_app;
grant select, insert, update, delete on validation_round to wattline_app;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(SQL)
