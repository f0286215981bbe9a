"""What customers read from their meters themselves: one a day for each register, and the picture that shows it."""

from alembic import op

revision = "0092_metering_own_readings"
down_revision = "0091_tariffs_slot_prices"
branch_labels = None
depends_on = None

SQL = """
-- Either the reading that it became or the place in quarantine where it waits. The person goes when they are erased.
create table own_reading (
  account_id bigint not null,
  id uuid not null,
  register_id smallint not null,
  user_id uuid,
  day date not null,
  told_at timestamptz not null,
  value bigint not null,
  reading_id bigint,
  held_id uuid,
  photo_id uuid,
  photos smallint not null default 0,
  replaced_at timestamptz,
  constraint pk_own_reading primary key (account_id, id),
  constraint fk_own_reading_register foreign key (account_id, register_id) references meter_register (account_id, id),
  constraint fk_own_reading_reading foreign key (account_id, reading_id) references register_reading (account_id, id),
  constraint fk_own_reading_held foreign key (account_id, held_id) references reading_quarantine (account_id, id),
  constraint ck_own_reading_value check (value >= 0),
  constraint ck_own_reading_became check ((reading_id is null) <> (held_id is null)),
  constraint ck_own_reading_photos check (photos >= 0)
);
create unique index uq_own_reading_day on own_reading (account_id, register_id, day) where replaced_at is null;
create index ix_own_reading_user_id on own_reading (user_id);

grant select, insert on own_reading to wattline_app;
grant update (user_id, photo_id, photos, replaced_at) on own_reading to wattline_app;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(SQL)
