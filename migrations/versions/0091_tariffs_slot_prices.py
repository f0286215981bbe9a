"""Prices of intervals, for tariffs by which each interval has its own, and what they were before they were corrected."""

from alembic import op

revision = "0091_tariffs_slot_prices"
down_revision = "0090_metering_findings"
branch_labels = None
depends_on = None

TABLES = """
-- What a kWh costs from a moment on, for so many minutes, in minor units of the tariff's currency; negative where use is paid for. `day` and `quarter`
-- say the same by the supplier's clock: quarter-hours elapsed since local midnight, from 0, as the elements of readings count.
create table tariff_slot_price (
  tariff_code text not null,
  start_at timestamptz not null,
  minutes smallint not null,
  rate_minor numeric(18, 8) not null,
  day date not null,
  quarter smallint not null,
  constraint pk_tariff_slot_price primary key (tariff_code, start_at),
  constraint fk_tariff_slot_price_tariff_code foreign key (tariff_code) references tariff (code),
  constraint ck_tariff_slot_price_minutes check (minutes in (15, 30, 60)),
  constraint ck_tariff_slot_price_quarter check (quarter between 0 and 199),
  constraint ex_tariff_slot_price_overlap exclude using gist (tariff_code with =, day with =, int4range(quarter, quarter + minutes / 15) with &&)
);
-- The prices of some days, for pricing.
create index ix_tariff_slot_price_day on tariff_slot_price (tariff_code, day);

-- What a price was until it was corrected or taken away.
create table tariff_slot_price_revision (
  id bigint generated always as identity,
  tariff_code text not null,
  start_at timestamptz not null,
  minutes smallint not null,
  rate_minor numeric(18, 8) not null,
  run_id bigint not null,
  replaced_at timestamptz not null,
  constraint pk_tariff_slot_price_revision primary key (id),
  constraint fk_tariff_slot_price_revision_tariff_code foreign key (tariff_code) references tariff (code)
);
create index ix_tariff_slot_price_revision_start on tariff_slot_price_revision (tariff_code, start_at);
create trigger refuse_change before update or delete or truncate on tariff_slot_price_revision for each statement execute function refuse_change();

grant select, insert, delete on tariff_slot_price to wattline_app;
grant select, insert on tariff_slot_price_revision to wattline_app;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)
