"""Webhooks: the addresses of the supplier's own programs, and what each of them is told, in its order."""

from alembic import op

revision = "0039_notifications_webhooks"
down_revision = "0038_accounts_looks"
branch_labels = None
depends_on = None

SQL = """
-- One address of a program. It hears of accounts of its unit and below. It is sent one thing at a time: `due_at` is when the next may be tried,
-- and while a sender has it, when that sender's lease ends; `failures` counts tries since the last that succeeded. A disabled one collects.
create table webhook_endpoint (
  id uuid not null,
  unit_id integer not null,
  name text not null,
  url text not null,
  events text[] not null,
  state text not null,
  disabled_why text,
  secret_sealed bytea,
  earlier_sealed bytea,
  earlier_until timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  disabled_at timestamptz,
  due_at timestamptz not null default now(),
  lease_token uuid,
  failures smallint not null default 0,
  delivered_at timestamptz,
  constraint pk_webhook_endpoint primary key (id),
  constraint fk_webhook_endpoint_unit_id foreign key (unit_id) references unit (id),
  constraint fk_webhook_endpoint_created_by foreign key (created_by) references staff (id),
  constraint ck_webhook_endpoint_name check (length(name) between 1 and 80),
  constraint ck_webhook_endpoint_url check (url ~ '^https?://[!-~]+$' and length(url) <= 2000),
  constraint ck_webhook_endpoint_events check (cardinality(events) > 0),
  constraint ck_webhook_endpoint_state check (state in ('active', 'disabled', 'deleted')),
  constraint ck_webhook_endpoint_why check (disabled_why in ('staff', 'gone', 'failing') and (state = 'active') = (disabled_why is null)),
  constraint ck_webhook_endpoint_disabled check ((state = 'active') = (disabled_at is null)),
  constraint ck_webhook_endpoint_secret check ((state = 'deleted') = (secret_sealed is null)),
  constraint ck_webhook_endpoint_earlier check (num_nonnulls(earlier_sealed, earlier_until) in (0, 2))
) with (fillfactor = 80);
create index ix_webhook_endpoint_unit_id on webhook_endpoint (unit_id);

-- One thing told to one address. `id` is its place in the order; `fact_id` is the event of the outbox, told once; `message_id` and `body` are the
-- same at every try. A set-aside one is not sent until somebody replays it.
create table webhook_delivery (
  endpoint_id uuid not null,
  id bigint generated always as identity,
  message_id text not null,
  fact_id bigint,
  type text not null,
  body text not null,
  state text not null,
  occurred_at timestamptz not null,
  created_at timestamptz not null default now(),
  waits_since timestamptz default now(),
  attempts smallint not null default 0,
  tried_at timestamptz,
  status smallint,
  error text,
  delivered_at timestamptz,
  constraint pk_webhook_delivery primary key (endpoint_id, id),
  constraint fk_webhook_delivery_endpoint_id foreign key (endpoint_id) references webhook_endpoint (id),
  constraint uq_webhook_delivery_endpoint_id_fact_id unique (endpoint_id, fact_id),
  constraint ck_webhook_delivery_state check (state in ('waiting', 'delivered', 'set_aside')),
  constraint ck_webhook_delivery_waits check ((state = 'waiting') = (waits_since is not null)),
  constraint ck_webhook_delivery_delivered check (state <> 'delivered' or delivered_at is not null),
  constraint ck_webhook_delivery_body check (length(body) <= 65536)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
create index ix_webhook_delivery_waiting on webhook_delivery (endpoint_id, id) where state = 'waiting';
create index ix_webhook_delivery_set_aside on webhook_delivery (endpoint_id, id) where state = 'set_aside';
create index ix_webhook_delivery_undelivered on webhook_delivery (endpoint_id, id) where state <> 'delivered';
create index ix_webhook_delivery_created_at on webhook_delivery (created_at);

grant select, insert, update on webhook_endpoint to wattline_app;
grant select, insert, update, delete on webhook_delivery to wattline_app;

insert into staff_role_permission (role, permission) values ('admin', 'webhooks.manage');
"""


def upgrade() -> None:
    """Make both tables, and let administrators look after them."""
    op.execute(SQL)
