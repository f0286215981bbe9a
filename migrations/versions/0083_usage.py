"""Usage by price period, by day and by month; and what a part of a month costs."""

from alembic import op

revision = "0083_usage"
down_revision = "0082_metering"
branch_labels = None
depends_on = None

TABLES = """
-- Owner first and without foreign keys: both are written by the million, from tables that have them. Energies are whole millionths of a kWh,
-- by the index of the version's periods; one element where no version is known. `max_demand` in watts.
create table usage_day (
  account_id bigint not null,
  day date not null,
  version_id bigint,
  energies bigint[] not null,
  energy bigint not null,
  export_energy bigint not null,
  reactive_energy bigint not null,
  max_demand bigint not null,
  measured_minutes integer not null,
  missing_minutes integer not null,
  estimated_minutes integer not null,
  constraint pk_usage_day primary key (account_id, day),
  constraint ck_usage_day_energy check (energy >= 0 and export_energy >= 0 and reactive_energy >= 0 and max_demand >= 0),
  constraint ck_usage_day_minutes check (measured_minutes between 0 and 1500 and missing_minutes between 0 and 1500
    and estimated_minutes between 0 and measured_minutes)
);

-- One row for each run of days of a month with one version: another tariff, or another version of it, begins another part. What pricing reads comes
-- first, and its energies are stored as they are: a packed array is unpacked anew for each element that an expression takes from it.
create table usage_month (
  account_id bigint not null,
  month date not null,
  part smallint not null,
  version_id bigint,
  first_day date not null,
  end_day date not null,
  days smallint not null,
  energy bigint not null,
  export_energy bigint not null,
  energies bigint[] storage plain not null,
  reactive_energy bigint not null,
  max_demand bigint not null,
  measured_minutes integer not null,
  missing_minutes integer not null,
  estimated_minutes integer not null,
  aggregated_at timestamptz not null,
  constraint pk_usage_month primary key (account_id, month, part),
  constraint ck_usage_month_month check (extract(day from month) = 1),
  constraint ck_usage_month_days check (first_day >= month and first_day < end_day and days between 0 and end_day - first_day),
  constraint ck_usage_month_energy check (energy >= 0 and export_energy >= 0 and reactive_energy >= 0 and max_demand >= 0)
);

-- What a part of a month costs, in the currency of the version's tariff. `figures`: the quantities (millionths of a unit) of the version's compiled
-- lines in their order, then their amounts (minor units), as one array is written with less than two; what the exact engine priced has `lines` instead.
create table usage_cost (
  account_id bigint not null,
  month date not null,
  part smallint not null,
  version_id bigint not null,
  total_minor bigint not null,
  figures bigint[] not null,
  lines jsonb,
  constraint pk_usage_cost primary key (account_id, month, part)
);

-- How far a walk over all accounts has come; null at its end.
create table usage_round (
  kind text not null,
  begun_at timestamptz not null,
  next_from bigint,
  constraint pk_usage_round primary key (kind),
  constraint ck_usage_round_kind check (kind in ('compare'))
);

grant select, insert, update, delete on usage_day, usage_month, usage_cost, usage_round to wattline_app;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)
