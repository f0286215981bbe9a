"""The feed of payments: every fact that moves a customer's money, numbered without gaps once it is committed."""

from alembic import op

revision = "0031_payments_feed"
down_revision = "0030_accounts_erased"
branch_labels = None
depends_on = None

TABLES = """
-- What an assignment took off payables: [{kind, no, amount_minor}]; the rest went to the prepaid balance. Null where nobody wrote it down.
alter table payment_suspense add column settled jsonb,
  add constraint ck_payment_suspense_settled check (settled is null or (state = 'assigned' and jsonb_typeof(settled) = 'array'));

-- Facts that have no number yet, written by the transaction that makes them. `ref` is the part's id, or that of the sum in suspense.
create table payment_feed_pending (
  kind text not null,
  ref bigint not null,
  account_id bigint,
  noted_at timestamptz not null default now(),
  constraint pk_payment_feed_pending primary key (kind, ref),
  constraint ck_payment_feed_pending_kind check (kind in ('booked', 'reversed', 'suspended', 'assigned'))
);

-- The feed: append-only, read by `no`. Unit and amounts are as they were when it was numbered; names come from the tables that own them.
-- `amount_minor` is negative when money went back. `settled` as in payment_suspense.
create table payment_feed (
  no bigint not null,
  unit_id integer,
  kind text not null,
  ref bigint not null,
  id uuid not null default uuidv7(),
  account_id bigint,
  attempt_id uuid,
  amount_minor bigint not null,
  currency text not null,
  settled jsonb not null,
  effective_at timestamptz not null,
  recorded_at timestamptz not null,
  constraint pk_payment_feed primary key (no) include (unit_id),
  constraint uq_payment_feed_kind_ref unique (kind, ref),
  constraint fk_payment_feed_account_id foreign key (account_id) references account (id),
  constraint fk_payment_feed_unit_id foreign key (unit_id) references unit (id),
  constraint ck_payment_feed_kind check (kind in ('booked', 'reversed', 'suspended', 'assigned')),
  constraint ck_payment_feed_amount check (amount_minor <> 0 and (kind = 'reversed') = (amount_minor < 0)),
  constraint ck_payment_feed_account check (
    (account_id is null) = (unit_id is null) and (account_id is not null or kind = 'suspended'))
);
create index ix_payment_feed_recorded_at on payment_feed using brin (recorded_at);

-- The last number given, and which accounts' older payments are still to be noted: from `fill_from` to `fill_to`, null when all are.
create table payment_feed_state (
  id smallint not null default 1,
  last_no bigint not null default 0,
  fill_from bigint,
  fill_to bigint,
  constraint pk_payment_feed_state primary key (id),
  constraint ck_payment_feed_state_id check (id = 1),
  constraint ck_payment_feed_state_no check (last_no >= 0),
  constraint ck_payment_feed_state_fill check (fill_from <= fill_to)
);
"""

TRIGGERS = """
-- In the transaction of the fact, whoever writes it: no handler, no restart between two versions and no crash can leave one out.
create function payment_feed_note_part() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  insert into payment_feed_pending (kind, ref, account_id) values ('booked', new.id, new.account_id);
  return null;
end $$;
create trigger payment_part_feed after update of outcome on payment_part for each row
  when (new.outcome = 'booked' and old.outcome <> 'booked') execute function payment_feed_note_part();

create function payment_feed_note_suspense() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into payment_feed_pending (kind, ref, account_id) values ('suspended', new.id, new.account_id);
  else
    insert into payment_feed_pending (kind, ref, account_id) values ('assigned', new.id, new.assigned_account_id);
  end if;
  return null;
end $$;
create trigger payment_suspense_feed after insert on payment_suspense for each row
  when (new.book_id is not null) execute function payment_feed_note_suspense();
create trigger payment_suspense_feed_assigned after update of state on payment_suspense for each row
  when (new.state = 'assigned' and old.state <> 'assigned' and new.book_id is not null) execute function payment_feed_note_suspense();
"""

EARLIER = """
-- Facts of before: sums in suspense are few and noted here, booked parts by the job that numbers, a range of accounts at a time.
insert into payment_feed_pending (kind, ref, account_id)
  select 'suspended', id, account_id from payment_suspense where book_id is not null
  union all select 'assigned', id, assigned_account_id from payment_suspense where state = 'assigned' and assigned_account_id is not null;
insert into payment_feed_state (fill_from, fill_to)
  select case when max(account_id) is not null then 1 end, max(account_id) from payment_part;

grant select, insert, delete on payment_feed_pending to wattline_app;
grant select, insert on payment_feed to wattline_app;
grant select, update on payment_feed_state to wattline_app;
"""


def upgrade() -> None:
    """Add the feed, and note what was booked before."""
    op.execute(TABLES)
    op.execute(TRIGGERS)
    op.execute(EARLIER)
