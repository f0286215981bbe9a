"""Money that goes back to whoever paid it, out of suspense."""

from typing import Final

from alembic import op

revision = "0044_payments_refund"
down_revision = "0043_accounts_catalogue"
branch_labels = None
depends_on = None

SQL: Final = """
-- One refund at a provider, for the whole of one sum in suspense. The row, with the request's bytes, is committed before the first call.
-- `posting_id` is the source of its transaction in the ledger, out of the book where the money waited. `unanswered_since` is set before a call and
-- taken back by an answer: what lies behind it may have happened.
create table payment_refund (
  id uuid not null,
  out_refund_no text not null,
  suspense_id bigint not null,
  provider text not null,
  transaction_id text not null,
  amount_minor bigint not null,
  currency text not null,
  book_id bigint not null,
  posting_id uuid not null,
  request bytea not null,
  state text not null,
  refund_id text,
  refused_reason text,
  why text not null,
  requested_by uuid not null,
  approved_by uuid,
  created_at timestamptz not null,
  unanswered_since timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  next_check_at timestamptz,
  checks smallint not null default 0,
  failures smallint not null default 0,
  constraint pk_payment_refund primary key (id),
  constraint uq_payment_refund_out_refund_no unique (out_refund_no),
  constraint uq_payment_refund_id_suspense_id unique (id, suspense_id),
  constraint fk_payment_refund_book_id foreign key (book_id) references book (id),
  constraint fk_payment_refund_requested_by foreign key (requested_by) references staff (id),
  constraint fk_payment_refund_approved_by foreign key (approved_by) references staff (id),
  constraint ck_payment_refund_out_refund_no check (out_refund_no ~ '^[0-9A-Za-z_-]{6,64}$'),
  constraint ck_payment_refund_state check (state in ('approved', 'started', 'done', 'failed', 'abnormal')),
  constraint ck_payment_refund_ended check ((state in ('done', 'failed')) = (ended_at is not null)),
  constraint ck_payment_refund_next_check check ((state in ('done', 'failed')) = (next_check_at is null)),
  constraint ck_payment_refund_known check (state in ('approved', 'failed') or refund_id is not null),
  constraint ck_payment_refund_two check (approved_by <> requested_by)
);
-- Never more than the sum, nor another currency: exactly the sum, once.
alter table payment_suspense add constraint uq_payment_suspense_id_amount unique (id, amount_minor, currency);
alter table payment_refund add constraint fk_payment_refund_suspense
  foreign key (suspense_id, amount_minor, currency) references payment_suspense (id, amount_minor, currency);
create unique index uq_payment_refund_living on payment_refund (suspense_id) where state <> 'failed';
create unique index uq_payment_refund_refund_id on payment_refund (provider, refund_id) where refund_id is not null;
create index ix_payment_refund_suspense_id on payment_refund (suspense_id);
create index ix_payment_refund_next_check_at on payment_refund (next_check_at) where next_check_at is not null;

-- A sum is assigned, or returned, or neither.
alter table payment_suspense
  add column refund_id uuid,
  add constraint fk_payment_suspense_refund_id foreign key (refund_id, id) references payment_refund (id, suspense_id),
  drop constraint ck_payment_suspense_state,
  add constraint ck_payment_suspense_state check (state in ('open', 'assigned', 'returned')),
  add constraint ck_payment_suspense_returned check ((state = 'returned') = (refund_id is not null) and (refund_id is null or book_id is not null));

insert into staff_role_permission (role, permission) values
  ('finance', 'suspense.return'), ('manager', 'suspense.return'), ('admin', 'suspense.return');

grant select, insert, update on payment_refund to wattline_app;
"""


def upgrade() -> None:
    """Make refunds, and tie them to suspense."""
    op.execute(SQL)
