"""A refund that was given up and paid out all the same, while its sum had found a place, is an item that people decide."""

from typing import Final

from alembic import op

revision = "0052_payments_contested"
down_revision = "0051_accounts_notes"
branch_labels = None
depends_on = None

SQL: Final = """
-- What went out a second time and nobody gives back.
insert into ledger_code (code, name, floor) values (5200, 'expense.refunded_twice', null);

-- `contested`: the provider took it after we had given it up, and its sum has another place. `contested_told` is the provider's last word. `lost`: it
-- is gone, and the supplier bears it.
alter table payment_refund
  add column contested_told text,
  add column decided_by uuid,
  add column decided_why text,
  add constraint fk_payment_refund_decided_by foreign key (decided_by) references staff (id),
  add constraint ck_payment_refund_told check (
    (state = 'contested') = (contested_told is not null) and contested_told in ('started', 'done', 'abnormal')),
  add constraint ck_payment_refund_decided check (
    num_nonnulls(decided_by, decided_why) in (0, 2) and (decided_by is null or state in ('done', 'lost')) and (state <> 'lost' or decided_by is not null)),
  drop constraint ck_payment_refund_state,
  add constraint ck_payment_refund_state check (state in ('approved', 'started', 'done', 'failed', 'abnormal', 'contested', 'lost')),
  drop constraint ck_payment_refund_ended,
  add constraint ck_payment_refund_ended check ((state in ('done', 'failed', 'lost')) = (ended_at is not null)),
  drop constraint ck_payment_refund_next_check,
  add constraint ck_payment_refund_next_check check ((state in ('done', 'failed', 'lost')) = (next_check_at is null));
drop index uq_payment_refund_living;
create unique index uq_payment_refund_living on payment_refund (suspense_id) where state not in ('failed', 'contested', 'lost');
create index ix_payment_refund_contested on payment_refund (id) where state = 'contested';

-- What is contested was posted back when it failed.
drop trigger payment_refund_feed_moved on payment_refund;
create trigger payment_refund_feed_moved after update on payment_refund for each row
  when (new.posting_id <> old.posting_id or (new.state = 'failed' and old.state not in ('failed', 'contested'))) execute function payment_feed_note_refund();

-- An assignment that was taken back stays readable; its sum has gone to its payer. `put_back` as `settled`, with negative amounts.
alter table payment_suspense
  add column unassigned_at timestamptz,
  add column put_back jsonb,
  add constraint ck_payment_suspense_unassigned check (
    (unassigned_at is null) = (put_back is null) and (unassigned_at is null or (assignment_id is not null and state in ('open', 'returned')))),
  drop constraint ck_payment_suspense_assigned,
  add constraint ck_payment_suspense_assigned check (
    num_nonnulls(assigned_account_id, assignment_id, assigned_by, assigned_at) in (0, 4)
    and (assignment_id is null or state = 'assigned' or unassigned_at is not null)),
  drop constraint ck_payment_suspense_settled,
  add constraint ck_payment_suspense_settled check (settled is null or (assignment_id is not null and jsonb_typeof(settled) = 'array'));

create function payment_feed_note_unassigned() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  insert into payment_feed_pending (kind, ref, account_id) values ('unassigned', new.id, new.assigned_account_id);
  return null;
end $$;
create trigger payment_suspense_feed_unassigned after update of unassigned_at on payment_suspense for each row
  when (new.unassigned_at is not null and old.unassigned_at is null) execute function payment_feed_note_unassigned();
"""


def upgrade() -> None:
    """Know such refunds, what is decided about them, and tell it in the feed."""
    op.execute(SQL)
