"""What an account is entitled to or measured by, with dates: people in the home, flags, contract demand, transformers."""

from alembic import op

revision = "0081_accounts_entitlements"
down_revision = "0080_tariffs"
branch_labels = None
depends_on = None

SQL = """
-- One thing that tariffs ask of an account, from one day up to, not including, another. `customer_id` held the account when it was written. Numbers are
-- `persons`, `contract_kw` and `transformer_kva`; every other kind is a flag, whose value is 1. One that never held has an empty period.
create table entitlement (
  account_id bigint not null,
  id smallint not null,
  customer_id bigint not null,
  kind text not null,
  value numeric(12, 3) not null,
  valid_from date not null,
  valid_to date,
  document text not null default '',
  recorded_at timestamptz not null,
  constraint pk_entitlement primary key (account_id, id),
  constraint fk_entitlement_account_id foreign key (account_id) references account (id),
  constraint fk_entitlement_customer_id foreign key (customer_id) references customer (id),
  constraint uq_entitlement_begin unique (account_id, kind, valid_from),
  constraint ck_entitlement_kind check (kind ~ '^[a-z][a-z0-9_]{0,31}$'),
  constraint ck_entitlement_value check (case kind
    when 'persons' then value between 1 and 99 and value = trunc(value)
    when 'contract_kw' then value > 0
    when 'transformer_kva' then value > 0
    else value = 1 end),
  constraint ck_entitlement_dates check (valid_to >= valid_from),
  constraint ck_entitlement_document check (length(document) <= 200),
  constraint ex_entitlement_overlap exclude using gist (account_id with =, kind with =, daterange(valid_from, valid_to) with &&)
);
create index ix_entitlement_customer_id on entitlement (customer_id);

grant select, insert, update, delete on entitlement to wattline_app;
"""


def upgrade() -> None:
    """Make dated entitlements."""
    op.execute(SQL)
