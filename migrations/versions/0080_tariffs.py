"""Tariffs with their dated versions, the calendar of each version's days, holidays and temperatures."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0080_tariffs"
down_revision = "0079_accounts_dry_totals"
branch_labels = None
depends_on = None

FUNCTIONS: Final = Path(__file__).parents[1] / "sql" / "tariffs_versions.sql"
TABLES: Final = """
create table tariff (
  code text not null,
  name text not null,
  class text not null,
  currency text not null,
  created_at timestamptz not null,
  constraint pk_tariff primary key (code),
  constraint ck_tariff_code check (code ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$'),
  constraint ck_tariff_name check (length(name) between 1 and 200),
  constraint ck_tariff_class check (class in ('residential', 'commercial', 'industrial', 'agricultural', 'any')),
  constraint ck_tariff_currency check (currency ~ '^[A-Z]{3}$')
);

-- What a tariff says from one day up to, not including, another. A trigger numbers versions from 1 without gaps and keeps what is published as it is.
-- One that was replaced on the very day on which it began never held: its period is empty.
create table tariff_version (
  id bigint generated always as identity,
  tariff_code text not null,
  version_no integer not null,
  valid_from date not null,
  valid_to date,
  document jsonb not null,
  periods text[] not null,
  state text not null,
  note text not null default '',
  revision integer not null default 1,
  is_correction boolean not null default false,
  request_id uuid,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  published_at timestamptz,
  constraint pk_tariff_version primary key (id),
  constraint uq_tariff_version_no unique (tariff_code, version_no),
  constraint fk_tariff_version_tariff_code foreign key (tariff_code) references tariff (code),
  constraint fk_tariff_version_request_id foreign key (request_id) references approval_request (id),
  constraint ck_tariff_version_state check (state in ('draft', 'proposed', 'published', 'withdrawn')),
  constraint ck_tariff_version_dates check (valid_to > valid_from or (state = 'published' and valid_to = valid_from)),
  constraint ck_tariff_version_document check (jsonb_typeof(document) = 'object'),
  constraint ck_tariff_version_periods check (cardinality(periods) <= 32),
  constraint ck_tariff_version_note check (length(note) <= 500),
  constraint ck_tariff_version_asked check (case state when 'proposed' then request_id is not null when 'draft' then request_id is null else true end),
  constraint ck_tariff_version_published check ((state = 'published') = (published_at is not null)),
  constraint ex_tariff_version_overlap exclude using gist (tariff_code with =, daterange(valid_from, valid_to) with &&) where (state = 'published')
);
-- Versions by the day on which they begin, for one tariff's life and for the calendar.
create index ix_tariff_version_published on tariff_version (tariff_code, valid_from) where state = 'published';

-- Which price period each quarter-hour of a day belongs to, as an index (from 1) into the version's `periods`: elements are elapsed time since local
-- midnight, 96 of them, or 92 and 100 on days of 23 and 25 hours.
create table tariff_day (
  version_id bigint not null,
  day date not null,
  periods smallint[] not null,
  constraint pk_tariff_day primary key (version_id, day),
  constraint fk_tariff_day_version_id foreign key (version_id) references tariff_version (id),
  constraint ck_tariff_day_periods check (cardinality(periods) between 4 and 200 and 1 <= all (periods))
);

-- Days that count as another than their weekday: holidays by name, as documents name them, and weekend days on which people work.
create table holiday (
  day date not null,
  name text not null,
  kind text not null,
  constraint pk_holiday primary key (day, name),
  constraint ck_holiday_name check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint ck_holiday_kind check (kind in ('holiday', 'workday')),
  constraint ex_holiday_kind exclude using gist (day with =, kind with <>)
);

-- How warm it became at a place, in degrees Celsius.
create table temperature_day (
  place text not null,
  day date not null,
  max_c numeric(4, 1) not null,
  constraint pk_temperature_day primary key (place, day),
  constraint ck_temperature_day_place check (place ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint ck_temperature_day_max_c check (max_c between -90 and 70)
);
"""
GRANTS: Final = """
create trigger number before insert on tariff_version for each row execute function tariff_version_number();
create trigger keep before update on tariff_version for each row execute function tariff_version_keep();
create trigger refuse_change before delete or truncate on tariff_version for each statement execute function refuse_change();

grant select, insert on tariff to wattline_app;
grant update (name) on tariff to wattline_app;
grant select, insert, update on tariff_version to wattline_app;
grant select, insert, update, delete on tariff_day, holiday, temperature_day to wattline_app;
"""


def upgrade() -> None:
    """Create the tables of the domain `tariffs`."""
    op.execute(TABLES)
    op.execute(FUNCTIONS.read_text(encoding="utf-8"))
    op.execute(GRANTS)
