"""Details that customers and staff tell of an account, what of its data is missing, and the score of each unit."""

from pathlib import Path

from alembic import op

revision = "0043_accounts_catalogue"
down_revision = "0042_identity_networks"
branch_labels = None
depends_on = None

TABLES = """
-- What no file of the supplier says: told by whoever owns the account, or by staff who asked. Null is not asked yet; a charger that is not there
-- is false. The e-mail address is a contact point of the holder (its id is 2; files know only 1).
create table account_profile (
  account_id bigint not null,
  contact_by text,
  household_size smallint,
  has_ev_charger boolean,
  has_heat_pump boolean,
  has_solar boolean,
  has_storage boolean,
  has_generator boolean,
  confirmed_at timestamptz not null,
  confirmed_by text not null,
  constraint pk_account_profile primary key (account_id),
  constraint fk_account_profile_account_id foreign key (account_id) references account (id),
  constraint ck_account_profile_contact_by check (contact_by in ('phone', 'sms', 'wechat', 'email')),
  constraint ck_account_profile_household_size check (household_size between 1 and 99),
  constraint ck_account_profile_confirmed_by check (confirmed_by in ('customer', 'staff'))
);

-- Accounts of which something is missing, as the last round found it: the work list.
create table account_gap (
  account_id bigint not null,
  unit_id integer not null,
  gaps integer not null,
  constraint pk_account_gap primary key (account_id),
  constraint fk_account_gap_account_id foreign key (account_id) references account (id),
  constraint fk_account_gap_unit_id foreign key (unit_id) references unit (id),
  constraint ck_account_gap_gaps check (gaps > 0)
);
create index ix_account_gap_unit_id on account_gap (unit_id, account_id);
create index ix_account_gap_level1 on account_gap (account_id) where gaps & 255 <> 0;

-- One row per unit and day; those above it are sums. A day is counted in rounds over ranges of ids: `next_from` is where it goes on, null at its end.
create table unit_quality (
  unit_id integer not null,
  day date not null,
  accounts bigint not null,
  level1_whole bigint not null,
  level2_expected bigint not null,
  level2_met bigint not null,
  fresh bigint not null,
  constraint pk_unit_quality primary key (unit_id, day),
  constraint fk_unit_quality_unit_id foreign key (unit_id) references unit (id)
);
create index ix_unit_quality_day on unit_quality (day);
create table quality_round (
  day date not null,
  next_from bigint,
  constraint pk_quality_round primary key (day)
);
"""

GRANTS = """
grant select, insert, update, delete on account_profile, account_gap, unit_quality, quality_round to wattline_app;

insert into staff_role_permission (role, permission) values
  ('agent', 'accounts.edit'), ('manager', 'accounts.edit'), ('admin', 'accounts.edit');
"""


def upgrade() -> None:
    """Make the tables, what finds gaps, and who may fill them."""
    op.execute(TABLES)
    op.execute((Path(__file__).parents[1] / "sql" / "accounts_gaps.sql").read_text(encoding="utf-8"))
    op.execute(GRANTS)
