"""Messages, their attempts, and what was learned about each attempt."""

from alembic import op

revision = "0007_notifications"
down_revision = "0006_billing"
branch_labels = None
depends_on = None

SQL = """
-- One row per fact, recipient and channel. `owner` is `user:<uuid>` or `customer:<id>`; `intent` names the fact (`payment:...`), so that
-- telling it twice inserts nothing. `due_at` is when somebody must look again: a pending message is sent, a lease that ran out is asked
-- about, an accepted one without a receipt expires; of pending ones that are due, the lower `priority` goes first. The lease token is the id of the running attempt.
create table message (
  owner text not null,
  id uuid not null,
  channel text not null,
  intent text not null,
  template text not null,
  priority smallint not null,
  params jsonb not null,
  locale text not null,
  link text,
  state text not null,
  address_sealed bytea,
  address_blind bytea,
  address_masked text,
  attempts smallint not null default 0,
  due_at timestamptz,
  lease_token uuid,
  provider_ref text,
  error_code text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  finished_at timestamptz,
  read_at timestamptz,
  constraint pk_message primary key (owner, id),
  constraint uq_message_owner_intent_channel unique (owner, intent, channel),
  constraint ck_message_owner check (owner ~ '^(user:[0-9a-f-]{36}|customer:[0-9]+)$'),
  constraint ck_message_channel check (channel in ('sms', 'inbox')),
  constraint ck_message_priority check (priority in (0, 1)),
  constraint ck_message_state check
    (state in ('pending', 'sending', 'unknown', 'accepted', 'delivered', 'undelivered', 'expired', 'suppressed', 'dead')),
  constraint ck_message_address check ((channel = 'sms') = (address_sealed is not null) and (channel = 'sms') = (address_blind is not null)),
  constraint ck_message_due check ((due_at is not null) = (state in ('pending', 'sending', 'unknown', 'accepted'))),
  constraint ck_message_lease check (state not in ('sending', 'unknown') or lease_token is not null),
  constraint ck_message_link check (link ~ '^/[^/]'),
  constraint ck_message_read check (read_at is null or channel = 'inbox')
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- One telephone is told one fact once, though it may belong to two recipients.
create unique index uq_message_intent_channel_address_blind on message (intent, channel, address_blind) where address_blind is not null;
create index ix_message_due_at on message (state, due_at) where due_at is not null;
create index ix_message_pending on message (priority, due_at) where state = 'pending';
create index ix_message_finished_at on message (finished_at) where finished_at is not null;
create index ix_message_unread on message (owner) where channel = 'inbox' and read_at is null;

-- Written and committed before the provider is called; its id goes along as our reference.
create table message_attempt (
  id uuid not null,
  owner text not null,
  message_id uuid not null,
  attempt_no smallint not null,
  provider text not null,
  started_at timestamptz not null default now(),
  constraint pk_message_attempt primary key (id),
  constraint fk_message_attempt_owner_message_id foreign key (owner, message_id) references message (owner, id) on delete cascade
);
create index ix_message_attempt_owner_message_id on message_attempt (owner, message_id);

-- Everything learned about an attempt, in the order it was learned: the answer to the call, a query, a receipt, a lease that ran out.
create table message_finding (
  attempt_id uuid not null,
  id bigint generated always as identity,
  source text not null,
  finding text not null,
  code text,
  provider_ref text,
  request_ref text,
  learned_at timestamptz not null default now(),
  constraint pk_message_finding primary key (attempt_id, id),
  constraint fk_message_finding_attempt_id foreign key (attempt_id) references message_attempt (id) on delete cascade,
  constraint ck_message_finding_source check (source in ('answer', 'query', 'receipt', 'lease'))
);
create trigger refuse_change before update or truncate on message_attempt for each statement execute function refuse_change();
create trigger refuse_change before update or truncate on message_finding for each statement execute function refuse_change();

-- A message may be forgotten 400 days after its end, and takes its evidence along; nothing else takes evidence away.
create function keep_young_message() returns trigger language plpgsql as $$
begin
  if old.finished_at is null or old.finished_at > now() - interval '400 days' then
    raise exception 'a message is kept for 400 days' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;
create function keep_attempt() returns trigger language plpgsql as $$
begin
  if exists (select from message where owner = old.owner and id = old.message_id) then
    raise exception 'an attempt is kept as long as its message' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;
create function keep_finding() returns trigger language plpgsql as $$
begin
  if exists (select from message_attempt where id = old.attempt_id) then
    raise exception 'a finding is kept as long as its attempt' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;
create trigger keep_young before delete on message for each row execute function keep_young_message();
create trigger keep before delete on message_attempt for each row execute function keep_attempt();
create trigger keep before delete on message_finding for each row execute function keep_finding();

grant select, insert, update, delete on message to wattline_app;
grant select, insert on message_attempt, message_finding to wattline_app;
"""


def upgrade() -> None:
    """Create the tables of `notifications`."""
    op.execute(SQL)
