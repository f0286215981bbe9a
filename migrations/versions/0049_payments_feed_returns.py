"""Money that goes back out of suspense stands in the feed of payments, too, each time that it goes or does not."""

from typing import Final

from alembic import op

revision = "0049_payments_feed_returns"
down_revision = "0048_accounts_corrections"
branch_labels = None
depends_on = None

SQL: Final = """
-- A sum may go back, come again because its provider would not send it, and go once more: such a fact is known by its posting as well.
alter table payment_feed_pending
  add column posting_id uuid not null default '00000000-0000-0000-0000-000000000000',
  drop constraint pk_payment_feed_pending,
  add constraint pk_payment_feed_pending primary key (kind, ref, posting_id),
  drop constraint ck_payment_feed_pending_kind,
  add constraint ck_payment_feed_pending_kind check (kind in ('booked', 'reversed', 'suspended', 'assigned', 'returned', 'return_failed'));
alter table payment_feed
  add column posting_id uuid not null default '00000000-0000-0000-0000-000000000000',
  drop constraint uq_payment_feed_kind_ref,
  add constraint uq_payment_feed_kind_ref_posting_id unique (kind, ref, posting_id),
  drop constraint ck_payment_feed_kind,
  add constraint ck_payment_feed_kind check (kind in ('booked', 'reversed', 'suspended', 'assigned', 'returned', 'return_failed')),
  drop constraint ck_payment_feed_amount,
  add constraint ck_payment_feed_amount check (amount_minor <> 0 and (kind in ('reversed', 'returned')) = (amount_minor < 0)),
  drop constraint ck_payment_feed_account,
  add constraint ck_payment_feed_account check (
    (account_id is null) = (unit_id is null) and (account_id is not null or kind in ('suspended', 'returned', 'return_failed')));

create function payment_feed_note_refund() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' or new.posting_id <> old.posting_id then
    insert into payment_feed_pending (kind, ref, posting_id, account_id)
      select 'returned', s.id, new.posting_id, s.account_id from payment_suspense s where s.id = new.suspense_id;
  else
    insert into payment_feed_pending (kind, ref, posting_id, account_id)
      select 'return_failed', s.id, new.posting_id, s.account_id from payment_suspense s where s.id = new.suspense_id;
  end if;
  return null;
end $$;
create trigger payment_refund_feed after insert on payment_refund for each row execute function payment_feed_note_refund();
create trigger payment_refund_feed_moved after update on payment_refund for each row
  when (new.posting_id <> old.posting_id or (new.state = 'failed' and old.state <> 'failed')) execute function payment_feed_note_refund();

insert into payment_feed_pending (kind, ref, posting_id, account_id)
  select k.kind, s.id, r.posting_id, s.account_id
  from payment_refund r join payment_suspense s on s.id = r.suspense_id
  cross join lateral (select 'returned' as kind union all select 'return_failed' where r.state = 'failed') k;
"""


def upgrade() -> None:
    """Know facts by their posting, and note refunds."""
    op.execute(SQL)
