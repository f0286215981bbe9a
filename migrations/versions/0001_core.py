"""Outbox, inbox, request keys, claims, audit, and the record of file imports."""

from alembic import op

revision = "0001_core"
down_revision = None
branch_labels = None
depends_on = None

SQL = """
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

create table outbox (
  id bigint generated always as identity,
  kind smallint not null,
  book_id bigint,
  ref bigint,
  payload jsonb,
  created_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  attempts smallint not null default 0,
  error text,
  constraint pk_outbox primary key (id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

create table inbox (
  id bigint generated always as identity,
  source text not null,
  external_id text not null,
  body bytea not null,
  received_at timestamptz not null default now(),
  applied_at timestamptz,
  due_at timestamptz not null default now(),
  attempts smallint not null default 0,
  error text,
  constraint pk_inbox primary key (id),
  constraint uq_inbox_source_external_id unique (source, external_id),
  constraint ck_inbox_external_id check (length(external_id) between 1 and 128)
);
create index ix_inbox_due_at on inbox (source, due_at) where applied_at is null;
create index ix_inbox_applied_at on inbox (applied_at) where applied_at is not null;

create table idempotency (
  caller text not null,
  route text not null,
  key text not null,
  request_hash bytea not null,
  resource text,
  status smallint,
  answer bytea,
  created_at timestamptz not null default now(),
  leased_until timestamptz,
  run uuid,
  constraint pk_idempotency primary key (caller, route, key),
  constraint ck_idempotency_key check (length(key) between 1 and 255),
  constraint ck_idempotency_answer check ((status is null) = (answer is null))
);
create index ix_idempotency_created_at on idempotency (created_at);

create table claim (
  kind text not null,
  key text not null,
  owner text not null,
  constraint pk_claim primary key (kind, key)
);

create table audit (
  id bigint generated always as identity,
  recorded_at timestamptz not null default now(),
  actor text not null,
  act text not null,
  subject text not null,
  address text,
  before jsonb,
  after jsonb,
  constraint pk_audit primary key (id)
);
create index ix_audit_subject on audit (subject, id);
create index ix_audit_actor on audit (actor, id);
create trigger refuse_change before update or delete or truncate on audit for each statement execute function refuse_change();

-- One run of one file. `rows_done` counts rows of whole committed chunks: a killed run goes on behind them.
create table import_run (
  id bigint generated always as identity,
  kind text not null,
  file_digest bytea not null,
  rows_done bigint not null default 0,
  rows_rejected bigint not null default 0,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint pk_import_run primary key (id),
  constraint ck_import_run_digest check (length(file_digest) = 32),
  constraint ck_import_run_rows check (rows_rejected between 0 and rows_done)
);
create unique index uq_import_run_unfinished on import_run (kind, file_digest) where finished_at is null;
create table import_reject (
  run_id bigint not null,
  row_no bigint not null,
  field text not null,
  reason text not null,
  constraint pk_import_reject primary key (run_id, row_no, field),
  constraint fk_import_reject_run_id foreign key (run_id) references import_run (id) on delete cascade
);

grant usage on schema public to wattline_app;
grant select, insert, update, delete on outbox, inbox, idempotency, import_run, import_reject to wattline_app;
grant select, insert on claim, audit to wattline_app;
"""


def upgrade() -> None:
    """Create the tables of `core`."""
    op.execute(SQL)
