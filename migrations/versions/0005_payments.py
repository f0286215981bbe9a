"""Payment orders, their attempts and parts, money in suspense, quotes, and what is known of providers and forged callbacks."""

from alembic import op

revision = "0005_payments"
down_revision = "0004_ledger"
branch_labels = None
depends_on = None

ORDERS = """
-- What somebody wants to pay. Amount, method and times are those of the attempt that counts: the paid one, else the latest.
-- `quote_id` says that the payer pays for somebody else's account; without it the payer's grant decides who may see the payment.
create table payment_order (
  id uuid not null,
  payment_no text not null,
  payer_user_id uuid,
  quote_id uuid,
  provider text not null,
  method text not null,
  amount_minor bigint not null,
  currency text not null,
  state text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  paid_at timestamptz,
  constraint pk_payment_order primary key (id),
  constraint uq_payment_order_payment_no unique (payment_no),
  constraint ck_payment_order_no check (payment_no ~ '^[0-9A-Z]{16,24}$'),
  constraint ck_payment_order_amount check (amount_minor > 0),
  constraint ck_payment_order_currency check (currency ~ '^[A-Z]{3}$'),
  constraint ck_payment_order_state check (state in ('open', 'paid', 'suspended', 'closed', 'failed')),
  constraint ck_payment_order_paid check (state <> 'paid' or paid_at is not null),
  constraint ck_payment_order_period check (expires_at > created_at)
) with (fillfactor = 80);
create index ix_payment_order_payer_user_id on payment_order (payer_user_id, created_at desc);
create index ix_payment_order_quote_id on payment_order (quote_id) where quote_id is not null;

-- One number at a provider. `chosen_nos` are the bills that the payer chose; null pays whatever is due. The request is kept sealed (it may hold an openid and an address) so that a repetition sends the same bytes.
create table payment_attempt (
  id uuid not null,
  order_id uuid not null,
  no smallint not null,
  provider text not null,
  method text not null,
  out_trade_no text not null,
  amount_minor bigint not null,
  currency text not null,
  state text not null,
  request_sealed bytea not null,
  request_hash bytea not null,
  chosen_nos text[],
  answer jsonb,
  refused_reason text,
  transaction_id text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  paid_at timestamptz,
  next_check_at timestamptz,
  asked_at timestamptz,
  checks smallint not null default 0,
  failures smallint not null default 0,
  constraint pk_payment_attempt primary key (id),
  constraint fk_payment_attempt_order_id foreign key (order_id) references payment_order (id),
  constraint uq_payment_attempt_order_id_no unique (order_id, no),
  constraint uq_payment_attempt_out_trade_no unique (out_trade_no),
  constraint ck_payment_attempt_no check (no >= 1),
  constraint ck_payment_attempt_out_trade_no check (out_trade_no ~ '^[0-9A-Za-z]{20,32}$'),
  constraint ck_payment_attempt_amount check (amount_minor > 0),
  constraint ck_payment_attempt_state check (state in ('created', 'prepared', 'pending', 'unknown', 'paid', 'closed', 'failed')),
  constraint ck_payment_attempt_paid check ((state = 'paid') = (transaction_id is not null) and (state = 'paid') = (paid_at is not null)),
  constraint ck_payment_attempt_request_hash check (length(request_hash) = 32)
) with (fillfactor = 70);
create index ix_payment_attempt_next_check_at on payment_attempt (next_check_at) where next_check_at is not null;
-- A second try begins only when the first cannot be paid any more, as far as anybody knows.
create unique index uq_payment_attempt_living on payment_attempt (order_id) where state in ('created', 'prepared', 'pending', 'unknown');

-- What an attempt is for. A part without payable goes to the prepaid balance. `taken_minor` is what the payable needed when the money came;
-- the rest went to prepaid, or to suspense when settling failed.
create table payment_part (
  account_id bigint not null,
  id bigint generated always as identity,
  attempt_id uuid not null,
  book_id bigint not null,
  payable_kind text,
  payable_id bigint,
  payable_no text,
  amount_minor bigint not null,
  taken_minor bigint,
  outcome text not null default 'open',
  constraint pk_payment_part primary key (account_id, id),
  constraint fk_payment_part_account_id foreign key (account_id) references account (id),
  constraint fk_payment_part_attempt_id foreign key (attempt_id) references payment_attempt (id),
  constraint fk_payment_part_book_id foreign key (book_id) references book (id),
  constraint ck_payment_part_amount check (amount_minor > 0),
  constraint ck_payment_part_taken check (taken_minor between 0 and amount_minor),
  constraint ck_payment_part_payable check ((payable_kind is null) = (payable_id is null) and (payable_kind is null) = (payable_no is null)),
  constraint ck_payment_part_outcome check (outcome in ('open', 'booked', 'suspended')),
  constraint ck_payment_part_booked check ((outcome = 'booked') = (taken_minor is not null))
) with (fillfactor = 80);
create index ix_payment_part_attempt_id on payment_part (attempt_id);
create index ix_payment_part_payable on payment_part (account_id, payable_kind, payable_id);
"""

REST = """
-- Money that came and has no place yet: posted to `suspense` in this book under this source. Never lost; staff assign it.
-- `transaction_claimed` has no money of its own, hence neither book nor source: its transaction is booked for another number, and
-- this row says which number, and which order of ours, the provider names for it as well.
create table payment_suspense (
  id bigint generated always as identity,
  reason text not null,
  provider text not null,
  out_trade_no text not null,
  transaction_id text not null,
  order_id uuid,
  attempt_id uuid,
  account_id bigint,
  part_id bigint,
  book_id bigint,
  source_id uuid,
  amount_minor bigint not null,
  currency text not null,
  paid_at timestamptz not null,
  created_at timestamptz not null,
  state text not null,
  constraint pk_payment_suspense primary key (id),
  constraint fk_payment_suspense_order_id foreign key (order_id) references payment_order (id),
  constraint fk_payment_suspense_attempt_id foreign key (attempt_id) references payment_attempt (id),
  constraint fk_payment_suspense_book_id foreign key (book_id) references book (id),
  constraint ck_payment_suspense_reason check (
    reason in ('unknown_order', 'amount_differs', 'settling_failed', 'second_transaction', 'transaction_claimed')),
  constraint ck_payment_suspense_posted check (
    (reason = 'transaction_claimed') = (book_id is null) and (reason = 'transaction_claimed') = (source_id is null)),
  constraint ck_payment_suspense_amount check (amount_minor > 0),
  constraint ck_payment_suspense_state check (state in ('open', 'assigned'))
);
create unique index uq_payment_suspense_source_id_part_id on payment_suspense (source_id, part_id) nulls not distinct
  where source_id is not null;
create unique index uq_payment_suspense_claimed on payment_suspense (provider, transaction_id, out_trade_no)
  where reason = 'transaction_claimed';
create index ix_payment_suspense_open on payment_suspense (created_at) where state = 'open';
create index ix_payment_suspense_order_id on payment_suspense (order_id) where order_id is not null;

-- To pay for somebody else: a proof that number and name belong together, good for ten minutes and one payment.
create table payment_quote (
  id uuid not null,
  user_id uuid not null,
  account_id bigint not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint pk_payment_quote primary key (id),
  constraint fk_payment_quote_account_id foreign key (account_id) references account (id)
);
create index ix_payment_quote_user_id on payment_quote (user_id, created_at);
create index ix_payment_quote_unused on payment_quote (expires_at) where used_at is null;

-- Wrong guesses; the account need not exist. The address is a keyed hash.
create table payment_quote_failure (
  id bigint generated always as identity,
  user_id uuid not null,
  address_blind bytea not null,
  account_no text not null,
  failed_at timestamptz not null,
  constraint pk_payment_quote_failure primary key (id)
);
create index ix_payment_quote_failure_user_id on payment_quote_failure (user_id, failed_at);
create index ix_payment_quote_failure_address_blind on payment_quote_failure (address_blind, failed_at);
create index ix_payment_quote_failure_account_no on payment_quote_failure (account_no, failed_at);

-- Per provider: failures in a row, and until when nobody should call it.
create table payment_provider_health (
  provider text not null,
  failures integer not null,
  open_until timestamptz,
  constraint pk_payment_provider_health primary key (provider)
);

-- Platform certificates that a provider handed out under its own signature, so that every process knows them.
create table payment_provider_certificate (
  provider text not null,
  serial text not null,
  pem text not null,
  valid_from timestamptz not null,
  valid_to timestamptz not null,
  constraint pk_payment_provider_certificate primary key (provider, serial)
);

-- Forged callbacks are counted, not kept: at most one row per day, source and reason.
create table payment_callback_refusal (
  day date not null,
  source text not null,
  reason text not null,
  refusals bigint not null,
  constraint pk_payment_callback_refusal primary key (day, source, reason),
  constraint ck_payment_callback_refusal_reason check (reason ~ '^[a-z_]{1,32}$')
) with (fillfactor = 50);

grant select, insert, update on payment_order, payment_attempt, payment_part, payment_suspense, payment_quote, payment_provider_health,
  payment_provider_certificate, payment_callback_refusal to wattline_app;
grant delete on payment_quote to wattline_app;
grant select, insert, delete on payment_quote_failure to wattline_app;
"""


VIEW = """
-- A payment as its payer may see it, or null: the session lives, the payer is this person, and the payer still may pay for the account (or
-- paid with a quote for somebody else's). `waiting` turns into `unknown` when nobody knows yet whether money moved: do not pay twice.
-- Who pays by a quote for somebody else does not see which bills the money went to, nor what each of them came to.
-- It shows the sum that the order names: of several paid attempts the one that was booked first. What came besides is `also_received`:
-- of another attempt, or of a second transaction under one number, which always waits for staff.
create function payment_view(p_payment_no text, p_user uuid, p_session uuid, p_now timestamptz) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'payment_no', o.payment_no,
    'state', case when o.state <> 'open' then o.state when a.state = 'unknown' or p_now >= a.expires_at then 'unknown' else 'waiting' end,
    'is_final', o.state <> 'open',
    'account_no', (select c.account_no from payment_part p join account c on c.id = p.account_id where p.attempt_id = a.id order by p.id limit 1),
    'amount', jsonb_build_object('amount_minor', o.amount_minor, 'currency', o.currency),
    'provider', o.provider,
    'method', o.method,
    'created_at', o.created_at,
    'expires_at', o.expires_at,
    'paid_at', o.paid_at,
    'provider_reference', a.transaction_id,
    'parts', case when o.quote_id is not null then '[]'::jsonb else (
      select jsonb_agg(
        jsonb_build_object('kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
          'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id)
      from payment_part p where p.attempt_id = a.id) end,
    'also_received', case when o.paid_at is null then '[]'::jsonb else coalesce((
      select jsonb_agg(
        jsonb_build_object('amount', jsonb_build_object('amount_minor', r.amount_minor, 'currency', r.currency), 'paid_at', r.paid_at,
          'provider_reference', r.transaction_id, 'outcome', r.outcome, 'parts', r.parts) order by r.paid_at, r.transaction_id)
      from (
        select coalesce(s.amount_minor, t.amount_minor) as amount_minor, coalesce(s.currency, t.currency) as currency, t.paid_at, t.transaction_id,
          case when s.state = 'open' or (s.state is null and not exists (
            select from payment_part p where p.attempt_id = t.id and p.outcome = 'booked')) then 'suspended' else 'booked' end as outcome,
          case when o.quote_id is not null or s.state is not null then '[]'::jsonb else (
            select jsonb_agg(
              jsonb_build_object('kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
                'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id)
            from payment_part p where p.attempt_id = t.id) end as parts
        from payment_attempt t left join payment_suspense s on s.order_id = o.id and s.attempt_id = t.id and s.transaction_id = t.transaction_id
          and s.reason in ('amount_differs', 'transaction_claimed')
        where t.order_id = o.id and t.state = 'paid' and t.id <> a.id
        union all
        select s.amount_minor, s.currency, s.paid_at, s.transaction_id, case s.state when 'open' then 'suspended' else 'booked' end, '[]'::jsonb
        from payment_suspense s where s.order_id = o.id and s.reason = 'second_transaction'
      ) r), '[]'::jsonb) end)
  from payment_order o
  join lateral (
    select t.id, t.state, t.expires_at, t.transaction_id from payment_attempt t where t.order_id = o.id
    order by t.state = 'paid' desc, (t.paid_at = o.paid_at) is true desc, t.amount_minor = o.amount_minor desc,
      case when t.state = 'paid' then t.no else -t.no end limit 1
  ) a on true
  where o.payment_no = p_payment_no
    and o.payer_user_id = p_user
    and (p_session is null or exists (select from living_session(p_session, p_now)))
    and (o.quote_id is not null or not exists (
      select from payment_part p join account c on c.id = p.account_id
      where p.attempt_id = a.id and not exists (select from account_access(p_user, c.account_no, 'pay', p_now))))
$$;
grant execute on function payment_view to wattline_app;
"""


def upgrade() -> None:
    """Create the tables of the domain `payments`."""
    op.execute(ORDERS)
    op.execute(REST)
    op.execute(VIEW)
