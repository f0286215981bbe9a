"""Readings: series and their days by month, registers, photos, quarantine, and the permissions and scopes around them."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0082_metering"
down_revision = "0081_accounts_entitlements"
branch_labels = None
depends_on = None

MONTHS: Final = Path(__file__).parents[1] / "sql" / "metering_months.sql"
TABLES: Final = """
-- Energies are whole numbers of millionths of a kWh or kvarh.
create table reading_series (
  account_id bigint not null,
  id smallint not null,
  meter_no text not null,
  channel text not null,
  interval_minutes smallint not null,
  first_day date,
  last_day date,
  read_until timestamptz,
  constraint pk_reading_series primary key (account_id, id),
  constraint fk_reading_series_account_id foreign key (account_id) references account (id),
  constraint uq_reading_series_channel unique (account_id, meter_no, channel, interval_minutes),
  constraint ck_reading_series_id check (id > 0),
  constraint ck_reading_series_channel check (channel in ('import', 'export', 'reactive_lag', 'reactive_lead')),
  constraint ck_reading_series_interval_minutes check (interval_minutes in (15, 30, 60)),
  constraint ck_reading_series_days check (first_day <= last_day)
);

-- No foreign key to its series: attaching a month would keep writers from all series. Nobody may delete a series, and days are written by a join to it.
-- No default partition: a row of a month that was not made is refused by the database.
create table interval_day (
  account_id bigint not null,
  series_id smallint not null,
  day date not null,
  energies bigint[] not null,
  qualities text not null,
  recorded_at timestamptz not null,
  run_id bigint,
  constraint pk_interval_day primary key (account_id, series_id, day),
  constraint ck_interval_day_elements check (cardinality(energies) between 1 and 100 and cardinality(energies) = length(qualities)),
  constraint ck_interval_day_qualities check (translate(qualities, 'aesm', '') = '')
) partition by range (day);

create table interval_day_revision (
  account_id bigint not null,
  series_id smallint not null,
  day date not null,
  id bigint generated always as identity,
  energies bigint[] not null,
  qualities text not null,
  recorded_at timestamptz not null,
  run_id bigint,
  replaced_at timestamptz not null,
  replaced_by text not null,
  replaced_why text not null,
  constraint pk_interval_day_revision primary key (account_id, series_id, day, id),
  constraint fk_interval_day_revision_series foreign key (account_id, series_id) references reading_series (account_id, id)
);

create table interval_estimate (
  account_id bigint not null,
  series_id smallint not null,
  day date not null,
  id bigint generated always as identity,
  first smallint not null,
  elements smallint not null,
  rule text not null,
  made_at timestamptz not null,
  made_by text not null,
  constraint pk_interval_estimate primary key (account_id, series_id, day, id),
  constraint fk_interval_estimate_series foreign key (account_id, series_id) references reading_series (account_id, id),
  constraint ck_interval_estimate_elements check (first between 0 and 99 and elements between 1 and 100)
);

create table meter_register (
  account_id bigint not null,
  id smallint not null,
  meter_no text not null,
  kind text not null,
  digits smallint,
  multiplier numeric(12,6) not null default 1,
  constraint pk_meter_register primary key (account_id, id),
  constraint fk_meter_register_account_id foreign key (account_id) references account (id),
  constraint uq_meter_register_kind unique (account_id, meter_no, kind),
  constraint ck_meter_register_id check (id > 0),
  constraint ck_meter_register_kind check (kind in ('total', 'peak', 'flat', 'valley', 'sharp', 'deep_valley', 'export', 'reactive')),
  constraint ck_meter_register_digits check (digits between 3 and 12),
  constraint ck_meter_register_multiplier check (multiplier > 0)
);

create table reading_photo (
  account_id bigint not null,
  id uuid not null,
  user_id uuid not null,
  media_type text not null,
  width integer not null,
  height integer not null,
  image_sealed bytea not null,
  uploaded_at timestamptz not null,
  constraint pk_reading_photo primary key (account_id, id),
  constraint fk_reading_photo_account_id foreign key (account_id) references account (id),
  constraint ck_reading_photo_media_type check (media_type in ('image/jpeg', 'image/webp')),
  constraint ck_reading_photo_size check (width between 1 and 4096 and height between 1 and 4096)
);
create index ix_reading_photo_uploaded_at on reading_photo (uploaded_at);
create index ix_reading_photo_user_id on reading_photo (user_id);

-- One reading of a register at a moment counts; what it replaced stays, and says by which it was replaced.
create table register_reading (
  account_id bigint not null,
  id bigint generated always as identity,
  register_id smallint not null,
  read_at timestamptz not null,
  value bigint not null,
  quality text not null,
  source text not null,
  recorded_at timestamptz not null,
  recorded_by text not null,
  run_id bigint,
  photo_id uuid,
  superseded_at timestamptz,
  superseded_by bigint,
  constraint pk_register_reading primary key (account_id, id),
  constraint fk_register_reading_register foreign key (account_id, register_id) references meter_register (account_id, id),
  constraint ck_register_reading_value check (value >= 0),
  constraint ck_register_reading_quality check (quality in ('a', 'e', 's')),
  constraint ck_register_reading_source check (source in ('file', 'program', 'customer', 'staff')),
  constraint ck_register_reading_superseded check (superseded_by is null or superseded_at is not null)
);
create unique index uq_register_reading_read_at on register_reading (account_id, register_id, read_at) where superseded_at is null;

-- What is sent a second time stands here once, whatever became of it.
create table reading_quarantine (
  account_id bigint not null,
  id uuid not null default uuidv7(),
  kind text not null,
  meter_no text not null,
  channel text not null,
  start_at timestamptz not null,
  minutes smallint,
  energy bigint,
  quality text not null,
  reason text not null,
  state text not null default 'open',
  source text not null,
  recorded_at timestamptz not null,
  recorded_by text not null,
  run_id bigint,
  row_no bigint,
  photo_id uuid,
  decided_at timestamptz,
  decided_by text,
  decided_why text,
  constraint pk_reading_quarantine primary key (account_id, id),
  constraint fk_reading_quarantine_account_id foreign key (account_id) references account (id),
  constraint uq_reading_quarantine_said unique nulls not distinct (account_id, meter_no, channel, start_at, kind, minutes, energy, reason),
  constraint ck_reading_quarantine_kind check (kind in ('interval', 'register')),
  constraint ck_reading_quarantine_minutes check ((kind = 'interval') = (minutes is not null)),
  constraint ck_reading_quarantine_quality check (quality in ('a', 'e', 's', 'm')),
  constraint ck_reading_quarantine_state check (state in ('open', 'accepted', 'discarded', 'estimated')),
  constraint ck_reading_quarantine_source check (source in ('file', 'program', 'customer', 'staff')),
  constraint ck_reading_quarantine_decided check ((state = 'open') = (decided_at is null) and (decided_at is null) = (decided_by is null))
);
create index ix_reading_quarantine_open on reading_quarantine (account_id, id) where state = 'open';

-- Appended to, and deleted from once done: two writers of a month do not wait for each other. Done in 16 shards, by one at a time each.
create table usage_change (
  id bigint generated always as identity,
  account_id bigint not null,
  month date not null,
  changed_at timestamptz not null default now(),
  constraint pk_usage_change primary key (id),
  constraint ck_usage_change_month check (extract(day from month) = 1)
);
create index ix_usage_change_shard on usage_change ((account_id % 16), id);

grant select, insert on interval_day_revision, interval_estimate to wattline_app;
grant select, insert, update on reading_series, interval_day, meter_register, reading_quarantine to wattline_app;
grant select, insert on register_reading to wattline_app;
grant update (superseded_at, superseded_by, photo_id) on register_reading to wattline_app;
grant select, insert, delete on usage_change to wattline_app;
grant select, insert, update, delete on reading_photo to wattline_app;

insert into staff_role_permission (role, permission) values
  ('agent', 'metering.view'), ('auditor', 'metering.view'), ('manager', 'metering.view'), ('admin', 'metering.view'),
  ('agent', 'metering.decide'), ('manager', 'metering.decide'), ('admin', 'metering.decide'),
  ('agent', 'tariffs.view'), ('auditor', 'tariffs.view'), ('manager', 'tariffs.view'), ('admin', 'tariffs.view'),
  ('manager', 'tariffs.edit'), ('admin', 'tariffs.edit'), ('manager', 'tariffs.approve'), ('admin', 'tariffs.approve');
"""


def upgrade() -> None:
    """Make the tables, what makes a month, and who may read and decide."""
    op.execute(TABLES)
    op.execute(MONTHS.read_text(encoding="utf-8"))
