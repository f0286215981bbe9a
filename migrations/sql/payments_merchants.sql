-- Which merchant account an attempt was made with, money without a place came to, and a refund goes out of. With a constant default nothing is
-- rewritten; the checks are of what comes from now on, and `migrations/fills.py` lets the database read what is there.
alter table payment_attempt
  add column merchant text not null default 'default',
  add constraint ck_payment_attempt_merchant check (merchant ~ '^[a-z0-9](-?[a-z0-9])*$' and length(merchant) <= 32) not valid;
alter table payment_suspense
  add column merchant text not null default 'default',
  add constraint ck_payment_suspense_merchant check (merchant ~ '^[a-z0-9](-?[a-z0-9])*$' and length(merchant) <= 32) not valid;
alter table payment_refund
  add column merchant text not null default 'default',
  add constraint ck_payment_refund_merchant check (merchant ~ '^[a-z0-9](-?[a-z0-9])*$' and length(merchant) <= 32) not valid;

-- A provider's word is about one of our merchant accounts: it books no attempt that was made with another. Whoever names none, as processes
-- of the release before do, means the default.
drop procedure payment_take_each(text[], text[], bytea[], text[], text[], text[], bigint[], text[], timestamptz[], timestamptz[], text[], text[], boolean[]);
drop function payment_take(text, text, bytea, text, text, text, bigint, text, timestamptz, timestamptz, text[], text[]);
drop function payment_book(text, text, text, bigint, text, timestamptz, timestamptz, text[], text[]);
drop function payment_book_plain(text, text, text, bigint, text, timestamptz, timestamptz, text[], text[]);

-- Book a paid attempt in one statement when nothing about it is out of the ordinary: the order is open, the attempt living, amount and currency
-- are those that were asked for, it came to the merchant account that was asked, all parts lie in one book and their payables settle in the
-- database: those of p_kinds[i] by the function p_settles[i] (account, payable, payment, amount, currency, now) -> what it took. Answers the attempt; null when anything
-- else is so, with nothing written: then `apply_provider_result` decides, which does the same for every case.
-- Locks the order, then its attempt, then the book, then payables by id. Tells PaymentBooked (1).
create function payment_book_plain(
  p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamptz,
  p_now timestamptz, p_kinds text[], p_settles text[], p_merchant text default 'default'
) returns uuid language plpgsql set search_path = public, pg_temp as $$
declare
  v_order uuid;
  v_attempt uuid;
  v_method text;
  v_book bigint;
  v_taken bigint;
  v_owed bigint := 0;
  v_clearing smallint;
  v_postings integer;
  v_asset smallint;
  v_part record;
begin
  select o.id into v_order from payment_order o
    where o.id = (select t.order_id from payment_attempt t where t.out_trade_no = p_out_trade_no) and o.state = 'open' for no key update;
  if not found then
    return null;
  end if;
  select t.id, t.method into v_attempt, v_method from payment_attempt t
    where t.out_trade_no = p_out_trade_no and t.provider = p_provider and t.merchant = p_merchant and t.amount_minor = p_amount
      and t.currency = p_currency and t.state in ('created', 'prepared', 'pending', 'unknown')
    for no key update;
  if not found then
    return null;
  end if;
  select min(p.book_id), (select c.code from ledger_code c where c.name = 'clearing.' || p_provider),
      (select a.asset from ledger_asset a where a.name = p_currency)
    into v_book, v_clearing, v_asset
    from payment_part p left join unnest(p_kinds, p_settles) k (kind, settle) on k.kind = p.payable_kind
    where p.attempt_id = v_attempt
    having min(p.book_id) = max(p.book_id) and bool_and(p.outcome = 'open' and (p.payable_kind is null or k.settle is not null))
      and sum(p.amount_minor) = p_amount;
  if not found or not claim_take(p_provider || '.transaction', p_transaction_id, v_attempt::text) then
    return null;
  end if;
  perform ledger_lock_books(array[v_book]);
  for v_part in
    select p.account_id, p.id, p.payable_id, p.amount_minor, k.settle
    from payment_part p left join unnest(p_kinds, p_settles) k (kind, settle) on k.kind = p.payable_kind
    where p.attempt_id = v_attempt order by p.payable_id nulls last, p.id
  loop
    v_taken := 0;
    if v_part.settle is not null then
      execute format('select %I($1, $2, $3, $4, $5, $6)', v_part.settle) into strict v_taken
        using v_part.account_id, v_part.payable_id, v_attempt, v_part.amount_minor, p_currency, p_now;
      if v_taken not between 0 and v_part.amount_minor then
        raise exception '% took % of %', v_part.settle, v_taken, v_part.amount_minor;
      end if;
    end if;
    v_owed := v_owed + v_taken;
    update payment_part set taken_minor = v_taken, outcome = 'booked' where account_id = v_part.account_id and id = v_part.id;
  end loop;
  -- What payables needed, then the surplus; each only when there is some. 1100 is receivable, 2100 prepaid.
  v_postings := case when v_owed in (0, p_amount) then 1 else 2 end;
  perform ledger_post(
    array[v_book], '{5}', array[v_attempt], array[p_paid_at], array[v_postings], array_fill(v_clearing, array[v_postings]),
    case v_owed when 0 then array[2100::smallint] when p_amount then array[1100::smallint] else array[1100::smallint, 2100::smallint] end,
    array_fill(v_asset, array[v_postings]),
    case v_postings when 1 then array[p_amount] else array[v_owed, p_amount - v_owed] end,
    array[null::smallint]);
  -- No other attempt of an open order lives beside a living one (uq_payment_attempt_living).
  update payment_attempt set state = 'paid', transaction_id = p_transaction_id, paid_at = p_paid_at, next_check_at = null where id = v_attempt;
  update payment_order set state = 'paid', paid_at = p_paid_at, amount_minor = p_amount, currency = p_currency, method = v_method,
    provider = p_provider where id = v_order;
  insert into outbox (kind, payload) values (1, jsonb_build_object('order_id', v_order, 'attempt_id', v_attempt));
  return v_attempt;
end $$;

-- The same, and null for whatever goes wrong on the way: the ordinary way meets it again and keeps the evidence.
create function payment_book(
  p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamptz,
  p_now timestamptz, p_kinds text[], p_settles text[], p_merchant text default 'default'
) returns uuid language plpgsql set search_path = public, pg_temp as $$
begin
  return payment_book_plain(p_provider, p_out_trade_no, p_transaction_id, p_amount, p_currency, p_paid_at, p_now, p_kinds, p_settles,
    p_merchant);
exception when others then
  raise warning 'payment_book: % %', sqlstate, sqlerrm;
  return null;
end $$;

-- Keep a callback that says PAID, and book it. True when nothing is left to do; false leaves the callback locked and not applied.
create function payment_take(
  p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint,
  p_currency text, p_paid_at timestamptz, p_now timestamptz, p_kinds text[], p_settles text[],
  p_merchant text default 'default'
) returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_callback bigint := inbox_keep(p_source, p_external_id, p_body, p_out_trade_no, 'booked');
begin
  if v_callback is null then
    return inbox_is_applied(p_source, p_external_id);
  end if;
  if payment_book(p_provider, p_out_trade_no, p_transaction_id, p_amount, p_currency, p_paid_at, p_now, p_kinds, p_settles,
      p_merchant) is null then
    perform inbox_leave(v_callback);
    return false;
  end if;
  return true;
end $$;

-- Take callbacks that came at the same moment, each in a transaction of its own: none holds locks while the next is at work. What is answered is
-- durable: the last commit waits for the log, which holds all before it in the same order. (It always has something to wait for: payment_take
-- writes in any case, a repetition its lock.) Whoever sees one of them earlier and acts on it commits later still. Whether nothing is left to do
-- is told for each.
create procedure payment_take_each(
  p_sources text[], p_external_ids text[], p_bodies bytea[], p_providers text[], p_out_trade_nos text[], p_transaction_ids text[],
  p_amounts bigint[], p_currencies text[], p_paid_at timestamptz[], p_now timestamptz[], p_kinds text[], p_settles text[],
  inout p_taken boolean[], p_merchants text[] default null
) language plpgsql as $$
begin
  for i in 1 .. cardinality(p_sources) loop
    if i < cardinality(p_sources) then
      set local synchronous_commit = off;
    end if;
    p_taken[i] := payment_take(
      p_sources[i], p_external_ids[i], p_bodies[i], p_providers[i], p_out_trade_nos[i], p_transaction_ids[i], p_amounts[i],
      p_currencies[i], p_paid_at[i], p_now[i], p_kinds, p_settles, coalesce(p_merchants[i], 'default'));
    commit;
  end loop;
end $$;

revoke all on routine payment_book_plain, payment_book, payment_take, payment_take_each from public;
grant execute on routine payment_book_plain, payment_book, payment_take, payment_take_each to wattline_app;
