"""Units, customers, accounts, premises, agreements, meters, contact points and grants."""

from alembic import op

revision = "0003_accounts"
down_revision = "0002_identity"
branch_labels = None
depends_on = None

TABLES = """
create extension if not exists btree_gist;

-- `path` lists the codes from the root down (`/37/3701/`): a subtree is a range of this column.
create table unit (
  id integer generated always as identity,
  code text not null,
  parent_id integer,
  kind text not null,
  name text not null,
  path text collate "C" not null,
  constraint pk_unit primary key (id),
  constraint uq_unit_code unique (code),
  constraint uq_unit_path unique (path),
  constraint fk_unit_parent_id foreign key (parent_id) references unit (id),
  constraint ck_unit_kind check (kind in ('province', 'city', 'branch', 'station')),
  constraint ck_unit_code check (code ~ '^[0-9A-Za-z-]{1,32}$'),
  constraint ck_unit_path check (path ~ '^(/[0-9A-Za-z-]+)+/$'),
  constraint ck_unit_root check ((parent_id is null) = (path = '/' || code || '/'))
);

-- Names and numbers of telephones lie sealed. `tokens` holds keyed hashes of name, its pairs of characters, phone and last four digits;
-- `fingerprint` is the keyed hash of all that is sealed: an import that finds it unchanged rewrites nothing.
create table customer (
  id bigint generated always as identity,
  customer_no text not null,
  kind text not null,
  name_sealed bytea not null,
  name_masked text not null,
  tokens bytea[] not null,
  fingerprint bytea not null,
  constraint pk_customer primary key (id),
  constraint uq_customer_customer_no unique (customer_no),
  constraint ck_customer_kind check (kind in ('person', 'business')),
  constraint ck_customer_no check (length(customer_no) between 1 and 32)
);
create index ix_customer_tokens on customer using gin (tokens);

create table contact_point (
  customer_id bigint not null,
  id smallint not null,
  kind text not null,
  address_sealed bytea not null,
  address_blind bytea not null,
  address_masked text not null,
  locale text not null,
  constraint pk_contact_point primary key (customer_id, id),
  constraint fk_contact_point_customer_id foreign key (customer_id) references customer (id),
  constraint ck_contact_point_kind check (kind in ('phone', 'email'))
);

create table premises (
  id bigint generated always as identity,
  premises_no text not null,
  district text not null,
  street text not null,
  building text not null,
  door_sealed bytea,
  fingerprint bytea not null,
  constraint pk_premises primary key (id),
  constraint uq_premises_premises_no unique (premises_no)
);

-- `last_bill_minor` is told by billing with each newest bill: it is half of the proof by which a person links an account,
-- unless `amounts_shown_until` stands: then somebody may have been shown it who has no grant.
create table account (
  id bigint generated always as identity,
  account_no text not null,
  unit_id integer not null,
  customer_id bigint not null,
  premises_id bigint not null,
  class text not null,
  state text not null,
  currency text not null,
  last_bill_minor bigint,
  last_bill_issued date,
  amounts_shown_until timestamptz,
  constraint pk_account primary key (id),
  constraint uq_account_account_no unique (account_no),
  constraint fk_account_unit_id foreign key (unit_id) references unit (id),
  constraint fk_account_customer_id foreign key (customer_id) references customer (id),
  constraint fk_account_premises_id foreign key (premises_id) references premises (id),
  constraint ck_account_no check (account_no ~ '^[0-9A-Za-z-]{4,32}$'),
  constraint ck_account_class check (class in ('residential', 'commercial', 'industrial', 'agricultural')),
  constraint ck_account_state check (state in ('active', 'suspended', 'closed')),
  constraint ck_account_currency check (currency ~ '^[A-Z]{3}$'),
  constraint ck_account_last_bill check ((last_bill_minor is null) = (last_bill_issued is null))
) with (fillfactor = 80);
create index ix_account_unit_id on account (unit_id);
create index ix_account_customer_id on account (customer_id);

-- No two agreements of an account hold on the same day.
create table agreement (
  account_id bigint not null,
  id smallint not null,
  tariff_code text not null,
  is_prepaid boolean not null,
  valid_from date not null,
  valid_to date,
  constraint pk_agreement primary key (account_id, id),
  constraint fk_agreement_account_id foreign key (account_id) references account (id),
  constraint ck_agreement_period check (valid_to > valid_from),
  constraint ex_agreement_overlap exclude using gist (account_id with =, daterange(valid_from, valid_to) with &&)
);

create table meter (
  id bigint generated always as identity,
  meter_no text not null,
  account_id bigint not null,
  constraint pk_meter primary key (id),
  constraint uq_meter_meter_no unique (meter_no),
  constraint fk_meter_account_id foreign key (account_id) references account (id),
  constraint ck_meter_no check (length(meter_no) between 1 and 32)
);
create index ix_meter_account_id on meter (account_id);
"""

GRANTS = """
create table access_grant (
  id uuid not null,
  user_id uuid not null,
  account_id bigint not null,
  role text not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  revoked_at timestamptz,
  constraint pk_access_grant primary key (id),
  constraint fk_access_grant_user_id foreign key (user_id) references app_user (id),
  constraint fk_access_grant_account_id foreign key (account_id) references account (id),
  constraint ck_access_grant_role check (role in ('owner', 'payer', 'viewer')),
  constraint ck_access_grant_period check (valid_to > valid_from)
);
create unique index uq_access_grant_living on access_grant (user_id, account_id) where revoked_at is null;
create index ix_access_grant_account_id on access_grant (account_id) where revoked_at is null;

-- Failed proofs of ownership, for the limits per caller and per account number; the number need not exist.
create table link_failure (
  id bigint generated always as identity,
  user_id uuid not null,
  account_no text not null,
  failed_at timestamptz not null,
  constraint pk_link_failure primary key (id)
);
create index ix_link_failure_user_id on link_failure (user_id, failed_at);
create index ix_link_failure_account_no on link_failure (account_no, failed_at);

-- What of an address may be shown without opening anything: empty parts leave no gap.
create function premises_address(p_district text, p_street text, p_building text) returns text
language sql immutable parallel safe return concat_ws(' ', nullif(p_district, ''), nullif(p_street, ''), nullif(p_building, ''));

-- The one decision whether a person may view, pay or own an account: its id and the person's role, or no row. Hot reads call it in their own
-- statement, of which it becomes a part, as `living_session` does.
create function account_access(p_user uuid, p_account_no text, p_permission text, p_now timestamptz default now())
returns table (account_id bigint, role text) language sql stable parallel safe as $$
  select a.id, g.role
  from account a
  join access_grant g on g.account_id = a.id and g.user_id = p_user and g.revoked_at is null
  where a.account_no = p_account_no
    and g.valid_from <= p_now
    and (g.valid_to is null or g.valid_to > p_now)
    and case p_permission
          when 'view' then true
          when 'pay' then g.role in ('owner', 'payer')
          when 'own' then g.role = 'owner'
          else false
        end
$$;

grant select, insert, update on unit, customer, contact_point, premises, account, agreement, meter, access_grant to wattline_app;
grant delete on contact_point to wattline_app;
grant select, insert, delete on link_failure to wattline_app;
"""


def upgrade() -> None:
    """Create the tables of the domain `accounts`."""
    op.execute(TABLES)
    op.execute(GRANTS)
