--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: btree_gist; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;


--
-- Name: EXTENSION btree_gist; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';


--
-- Name: ledger_owner_kind; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.ledger_owner_kind AS text
	CONSTRAINT ck_ledger_owner_kind CHECK ((VALUE = ANY (ARRAY['account'::text, 'person'::text, 'supplier'::text, 'partner'::text])));


--
-- Name: account_access(uuid, text, text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.account_access(p_user uuid, p_account_no text, p_permission text, p_now timestamp with time zone DEFAULT now()) RETURNS TABLE(account_id bigint, role text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select a.id, g.role
  from account a
  join access_grant g on g.account_id = a.id and g.user_id = p_user and g.revoked_at is null
  where a.account_no = p_account_no
    and g.valid_from <= p_now
    and (g.valid_to is null or g.valid_to > p_now)
    and case p_permission
          when 'view' then true
          when 'pay' then g.role in ('owner', 'payer')
          when 'own' then g.role = 'owner'
          else false
        end
$$;


--
-- Name: bill_settle(bigint, bigint, uuid, bigint, text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_share bigint;
  v_is_settled boolean;
  v_currency text;
begin
  update bill b set open_minor = b.open_minor - least(b.open_minor, p_amount),
      state = case when b.open_minor <= p_amount then 'settled' else 'issued' end
    from account a
    where b.account_id = p_account and b.id = p_bill and b.open_minor > 0 and p_amount > 0 and a.id = p_account and a.currency = p_currency
      and not exists (select from bill_settlement s where s.account_id = p_account and s.bill_id = p_bill and s.payment_id = p_payment)
    returning old.open_minor - new.open_minor, new.open_minor = 0 into v_share, v_is_settled;
  if not found then
    select a.currency into strict v_currency from bill b join account a on a.id = b.account_id where b.account_id = p_account and b.id = p_bill;
    if v_currency <> p_currency then
      raise exception 'bill % of account % is in %', p_bill, p_account, v_currency using errcode = 'BL001';
    end if;
    return (select coalesce(sum(s.amount_minor), 0) from bill_settlement s
      where s.account_id = p_account and s.bill_id = p_bill and s.payment_id = p_payment);
  end if;
  insert into bill_settlement (account_id, bill_id, payment_id, amount_minor, settled_at) values (p_account, p_bill, p_payment, v_share, p_now);
  if v_is_settled then
    insert into outbox (kind, payload) values (5, jsonb_build_object('account_id', p_account, 'bill_id', p_bill));
  end if;
  return v_share;
end $$;


--
-- Name: claim_take(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.claim_take(p_kind text, p_key text, p_owner text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  insert into claim (kind, key, owner) values (p_kind, p_key, p_owner) on conflict do nothing;
  return found;
end $$;


--
-- Name: inbox_is_applied(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.inbox_is_applied(p_source text, p_external_id text) RETURNS boolean
    LANGUAGE sql
    AS $$
  select applied_at is not null from inbox where source = p_source and external_id = p_external_id for update
$$;


--
-- Name: inbox_keep(text, text, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.inbox_keep(p_source text, p_external_id text, p_body bytea) RETURNS bigint
    LANGUAGE sql
    AS $$
  insert into inbox (source, external_id, body, applied_at) values (p_source, p_external_id, p_body, now())
  on conflict (source, external_id) do nothing returning id
$$;


--
-- Name: inbox_leave(bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.inbox_leave(p_id bigint) RETURNS void
    LANGUAGE sql
    AS $$
  update inbox set applied_at = null where id = p_id
$$;


--
-- Name: keep_attempt(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.keep_attempt() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from message where owner = old.owner and id = old.message_id) then
    raise exception 'an attempt is kept as long as its message' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;


--
-- Name: keep_finding(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.keep_finding() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from message_attempt where id = old.attempt_id) then
    raise exception 'a finding is kept as long as its attempt' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;


--
-- Name: keep_young_message(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.keep_young_message() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if old.finished_at is null or old.finished_at > now() - interval '400 days' then
    raise exception 'a message is kept for 400 days' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;


--
-- Name: ledger_check_staged(bigint[], smallint[], uuid[], integer[], smallint[], smallint[], smallint[], bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_check_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_other text;
begin
  if (select sum(n) from unnest(p_counts) n) is distinct from cardinality(p_amounts) or 0 >= any (p_counts)
    or cardinality(p_counts) is distinct from cardinality(p_books) or exists (
    select from unnest(p_books, p_sources, p_source_ids) s (book_id, source, source_id) group by book_id, source, source_id having count(*) > 1) then
    raise exception 'postings and their counts do not fit, or a source stands twice' using errcode = 'LG004';
  end if;
  if array_position(p_debits, null) is not null or array_position(p_credits, null) is not null or array_position(p_assets, null) is not null then
    raise exception 'a code or asset is unknown' using errcode = 'LG003';
  end if;
  if 1 = any (p_assets) then
    raise exception 'points move with their lots, not in bulk' using errcode = 'LG005';
  end if;
  with head as (
    select book_id, source, source_id, n, sum(n) over (order by i) - n as before
    from unnest(p_books, p_sources, p_source_ids, p_counts) with ordinality h (book_id, source, source_id, n, i)
  ), known as materialized (
    select h.*, t.no from head h join txn t on t.book_id = h.book_id and t.source_id = h.source_id and t.source = h.source
  )
  select format('%s %s %s', k.book_id, k.source, k.source_id) into v_other from known k
    where k.n <> (select count(*) from posting p where p.book_id = k.book_id and p.no = k.no)
      or exists (select from posting p where p.book_id = k.book_id and p.no = k.no and (p.debit, p.credit, p.asset, p.amount)
        is distinct from (p_debits[k.before + p.line], p_credits[k.before + p.line], p_assets[k.before + p.line], p_amounts[k.before + p.line]))
    limit 1;
  if v_other is not null then
    raise exception 'source was posted with other postings: %', v_other using errcode = 'LG002', detail = v_other;
  end if;
end $$;


--
-- Name: ledger_ensure_books(text, bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_ensure_books(p_owner_kind text, p_owner_ids bigint[]) RETURNS TABLE(owner_id bigint, book_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into book (owner_kind, owner_id)
    select p_owner_kind, o.id from (select distinct unnest(p_owner_ids) as id) o
    where not exists (select from book b where b.owner_kind = p_owner_kind and b.owner_id = o.id)
    order by o.id
    on conflict on constraint uq_book_owner do nothing;
  return query select b.owner_id, b.id from book b where b.owner_kind = p_owner_kind and b.owner_id = any (p_owner_ids);
end $$;


--
-- Name: ledger_lock_books(bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_lock_books(p_books bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  -- For an array PostgreSQL plans anew with each call, which costs more than the lock.
  if cardinality(p_books) = 1 then
    perform from book where id = p_books[1] for no key update;
  else
    perform from book where id = any (p_books) order by id for no key update;
  end if;
end $$;


--
-- Name: ledger_open_balance(bigint, smallint, smallint, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_open_balance(p_book bigint, p_code smallint, p_asset smallint, p_amount bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_balance bigint;
begin
  insert into balance (book_id, code, asset, balance, version, floor)
    select p_book, c.code, a.asset, case when c.code between 2000 and 4999 then -p_amount else p_amount end, 1, c.floor
    from ledger_code c cross join ledger_asset a where c.code = p_code and a.asset = p_asset
    returning balance into v_balance;
  if v_balance is null then
    raise exception 'no code % or asset %', p_code, p_asset using errcode = 'LG003';
  end if;
  return v_balance;
end $$;


--
-- Name: ledger_points_earn(bigint, uuid, timestamp with time zone, bigint, timestamp with time zone, smallint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_points_earn(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_expires_at timestamp with time zone, p_event smallint DEFAULT NULL::smallint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_no bigint;
begin
  v_no := (ledger_post(array[p_book], '{13}', array[p_source_id], array[p_effective_at], '{1}', '{5900}', '{2900}', '{1}',
    array[p_points], array[p_event]))[1];
  if v_no > 0 then
    insert into point_lot (book_id, no, earned, remaining, expires_at) values (p_book, v_no, p_points, p_points, p_expires_at);
  end if;
  return v_no;
end $$;


--
-- Name: ledger_points_expire(timestamp with time zone, integer, smallint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_points_expire(p_at timestamp with time zone, p_limit integer, p_event smallint DEFAULT NULL::smallint) RETURNS TABLE(book_id bigint, no bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  for book_id in
    select b.id from book b where b.id in (
      select l.book_id from point_lot l where l.remaining > 0 and l.expires_at <= p_at
      group by l.book_id order by min(l.expires_at) limit p_limit)
    order by b.id for no key update of b skip locked
  loop
    no := ledger_points_expire_book(book_id, uuidv7(), p_at, p_event);
    if no is not null then
      return next;
    end if;
  end loop;
end $$;


--
-- Name: ledger_points_expire_book(bigint, uuid, timestamp with time zone, smallint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_points_expire_book(p_book bigint, p_source_id uuid, p_at timestamp with time zone, p_event smallint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_points bigint;
  v_no bigint;
begin
  select sum(remaining) into v_points from point_lot where book_id = p_book and remaining > 0 and expires_at <= p_at;
  if v_points is null then
    return null;
  end if;
  v_no := (ledger_post(array[p_book], '{15}', array[p_source_id], array[p_at], '{1}', '{2900}', '{4901}', '{1}',
    array[v_points], array[p_event]))[1];
  with due as (
    update point_lot set remaining = 0 where book_id = p_book and remaining > 0 and expires_at <= p_at
    returning new.no, old.remaining as points
  )
  insert into point_lot_use (book_id, no, lot_no, points) select p_book, v_no, due.no, due.points from due;
  return v_no;
end $$;


--
-- Name: ledger_points_reverse(bigint, smallint, uuid, timestamp with time zone, smallint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_points_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint DEFAULT NULL::smallint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_no bigint;
  v_original bigint;
begin
  if p_source not between 13 and 15 then
    raise exception 'source % moves no points', p_source using errcode = 'LG004';
  end if;
  v_no := ledger_reverse(p_book, p_source, p_source_id, p_effective_at, p_event);
  if v_no is null or v_no < 0 then
    return v_no;
  end if;
  select no into strict v_original from txn where book_id = p_book and source_id = p_source_id and source = p_source;
  if p_source = 13 then
    perform ledger_points_take(p_book, v_no, (select earned from point_lot where book_id = p_book and no = v_original), v_original, null);
    return v_no;
  end if;
  with back as (
    insert into point_lot_use (book_id, no, lot_no, points)
    select book_id, v_no, lot_no, -points from point_lot_use where book_id = p_book and no = v_original
    returning lot_no, points
  )
  update point_lot l set remaining = l.remaining - back.points from back where l.book_id = p_book and l.no = back.lot_no;
  return v_no;
end $$;


--
-- Name: ledger_points_spend(bigint, uuid, timestamp with time zone, bigint, smallint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_points_spend(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_event smallint DEFAULT NULL::smallint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_no bigint;
begin
  v_no := (ledger_post(array[p_book], '{14}', array[p_source_id], array[p_effective_at], '{1}', '{2900}', '{4900}', '{1}',
    array[p_points], array[p_event]))[1];
  if v_no > 0 then
    perform ledger_points_take(p_book, v_no, p_points, null, p_effective_at);
  end if;
  return v_no;
end $$;


--
-- Name: ledger_points_take(bigint, bigint, bigint, bigint, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_points_take(p_book bigint, p_no bigint, p_points bigint, p_first bigint, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_taken bigint;
begin
  with lot as (
    select no, remaining, sum(remaining) over (order by no is distinct from p_first, no) - remaining as before
    from point_lot where book_id = p_book and remaining > 0 and (p_at is null or expires_at > p_at)
  ), taken as (
    select no, least(remaining, p_points - before)::bigint as points from lot where before < p_points
  ), moved as (
    update point_lot l set remaining = l.remaining - t.points from taken t where l.book_id = p_book and l.no = t.no
  ), used as (
    insert into point_lot_use (book_id, no, lot_no, points) select p_book, p_no, no, points from taken
  )
  select coalesce(sum(points), 0) into v_taken from taken;
  if v_taken < p_points then
    raise exception 'the lots of book % hold % of % points', p_book, v_taken, p_points
      using errcode = 'check_violation', constraint = 'ck_balance_floor';
  end if;
end $$;


--
-- Name: ledger_post(bigint[], smallint[], uuid[], timestamp with time zone[], integer[], smallint[], smallint[], smallint[], bigint[], smallint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_post(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[] DEFAULT NULL::smallint[]) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_book bigint := p_books[1];
  v_amount bigint;
  v_no bigint;
  v_debit_after bigint;
  v_credit_after bigint;
begin
  if cardinality(p_books) <> 1 or cardinality(p_amounts) <> p_counts[1] or p_counts[1] < 1 then
    return ledger_post_several(p_books, p_sources, p_source_ids, p_effective_at, p_counts, p_debits, p_credits, p_assets, p_amounts, p_events);
  end if;
  -- PostgreSQL wakes all who wait for one row each time it changes, so they stand in line before it. Only who holds no row yet may: whoever has
  -- locked the book before would wait in line for those who wait for him.
  if pg_current_xact_id_if_assigned() is null then
    perform pg_advisory_xact_lock(v_book);
  end if;
  -- The lock of everything below, and the number.
  update book set version = version + 1 where id = v_book returning version into strict v_no;
  insert into txn (book_id, no, source, source_id, effective_at, recorded_at)
    values (v_book, v_no, p_sources[1], p_source_ids[1], p_effective_at[1], clock_timestamp())
    on conflict (book_id, source_id, source) do nothing;
  if not found then
    update book set version = version - 1 where id = v_book;
    return array[-ledger_same_postings(v_book, p_sources[1], p_source_ids[1], p_debits, p_credits, p_assets, p_amounts)];
  end if;
  for v_line in 1 .. p_counts[1] loop
    v_amount := p_amounts[v_line];
    update balance set balance = balance + v_amount * case when code between 2000 and 4999 then -1 else 1 end, version = version + 1
      where book_id = v_book and code = p_debits[v_line] and asset = p_assets[v_line] returning balance into v_debit_after;
    update balance set balance = balance - v_amount * case when code between 2000 and 4999 then -1 else 1 end, version = version + 1
      where book_id = v_book and code = p_credits[v_line] and asset = p_assets[v_line] returning balance into v_credit_after;
    if v_debit_after is null or v_credit_after is null then
      v_debit_after := coalesce(v_debit_after, ledger_open_balance(v_book, p_debits[v_line], p_assets[v_line], v_amount));
      v_credit_after := coalesce(v_credit_after, ledger_open_balance(v_book, p_credits[v_line], p_assets[v_line], -v_amount));
    end if;
    insert into posting (book_id, no, line, debit, credit, asset, amount, debit_after, credit_after)
      values (v_book, v_no, v_line, p_debits[v_line], p_credits[v_line], p_assets[v_line], v_amount, v_debit_after, v_credit_after);
  end loop;
  if p_events[1] is not null then
    insert into outbox (kind, book_id, ref) values (p_events[1], v_book, v_no);
  end if;
  return array[v_no];
end $$;


--
-- Name: ledger_post_several(bigint[], smallint[], uuid[], timestamp with time zone[], integer[], smallint[], smallint[], smallint[], bigint[], smallint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_post_several(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_numbers bigint[];
  v_first integer := 1;
  v_last integer;
begin
  if (select sum(n) from unnest(p_counts) n) is distinct from cardinality(p_amounts) or 0 >= any (p_counts)
    or cardinality(p_counts) is distinct from cardinality(p_books) then
    raise exception 'postings and their counts do not fit' using errcode = 'LG004';
  end if;
  perform from book where id = any (p_books) order by id for no key update;
  for i in 1 .. cardinality(p_books) loop
    v_last := v_first + p_counts[i] - 1;
    v_numbers[i] := (ledger_post(
      p_books[i:i], p_sources[i:i], p_source_ids[i:i], p_effective_at[i:i], p_counts[i:i], p_debits[v_first:v_last],
      p_credits[v_first:v_last], p_assets[v_first:v_last], p_amounts[v_first:v_last], p_events[i:i]))[1];
    v_first := v_last + 1;
  end loop;
  return v_numbers;
end $$;


--
-- Name: ledger_post_staged(bigint[], smallint[], uuid[], timestamp with time zone[], integer[], smallint[], smallint[], smallint[], bigint[], smallint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_post_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[] DEFAULT NULL::smallint[]) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_numbers bigint[];
  v_missing bigint;
  v_breach bigint;
  v_short boolean;
begin
  perform from book where id = any (p_books) order by id for no key update;
  select s.id into v_missing from unnest(p_books) s (id) left join book b on b.id = s.id where b.id is null limit 1;
  if found then
    raise exception 'book % does not exist', v_missing using errcode = 'LG001', detail = v_missing::text;
  end if;
  perform ledger_check_staged(p_books, p_sources, p_source_ids, p_counts, p_debits, p_credits, p_assets, p_amounts);
  with head as (
    select i, book_id, source, source_id, effective_at, n, event, sum(n) over (order by i) - n as before
    from unnest(p_books, p_sources, p_source_ids, p_effective_at, p_counts, p_events)
      with ordinality h (book_id, source, source_id, effective_at, n, event, i)
    where i <= cardinality(p_books)
  ), known as (
    select h.i, t.no from head h join txn t on t.book_id = h.book_id and t.source_id = h.source_id and t.source = h.source
  ), fresh as materialized (
    select h.*, b.version + row_number() over (partition by h.book_id order by h.i) as no
    from head h join book b on b.id = h.book_id where not exists (select from known k where k.i = h.i)
  ), counted as (
    update book b set version = f.no from (select book_id, max(no) as no from fresh group by book_id) f where b.id = f.book_id
  ), recorded as (
    insert into txn (book_id, no, source, source_id, effective_at, recorded_at)
    select book_id, no, source, source_id, effective_at, clock_timestamp() from fresh
  ), line as materialized (
    select f.book_id, f.no, s.line, l.debit, l.credit, l.asset, l.amount
    from fresh f cross join lateral generate_series(1, f.n) s (line)
    join unnest(p_debits, p_credits, p_assets, p_amounts) with ordinality l (debit, credit, asset, amount, at) on l.at = f.before + s.line
  ), change as (
    select book_id, no, line, false as is_credit, debit as code, asset,
      case when debit between 2000 and 4999 then -amount else amount end as amount from line
    union all
    select book_id, no, line, true, credit, asset, case when credit between 2000 and 4999 then amount else -amount end from line
  ), running as materialized (
    select *, sum(amount) over (partition by book_id, code, asset order by no, line) as so_far from change
  ), total as materialized (
    select book_id, code, asset, sum(amount) as amount, min(so_far) as lowest, count(*) as n from running group by book_id, code, asset
  ), moved as (
    update balance b set balance = b.balance + t.amount, version = b.version + t.n from total t
    where b.book_id = t.book_id and b.code = t.code and b.asset = t.asset
    returning b.book_id, b.code, b.asset, b.balance - t.amount as before, t.lowest, b.floor
  ), opened as (
    insert into balance (book_id, code, asset, balance, version, floor)
    select t.book_id, c.code, a.asset, t.amount, t.n, c.floor
    from total t join ledger_code c on c.code = t.code join ledger_asset a on a.asset = t.asset
    where not exists (select from balance b where b.book_id = t.book_id and b.code = t.code and b.asset = t.asset)
    returning book_id, code, asset, floor
  ), start as materialized (
    select book_id, code, asset, before, lowest, floor from moved
    union all
    select o.book_id, o.code, o.asset, 0, t.lowest, o.floor
    from opened o join total t on t.book_id = o.book_id and t.code = o.code and t.asset = o.asset
  ), after as materialized (
    select r.book_id, r.no, r.line, max(s.before + r.so_far) filter (where not r.is_credit) as debit_after,
      max(s.before + r.so_far) filter (where r.is_credit) as credit_after
    from running r join start s on s.book_id = r.book_id and s.code = r.code and s.asset = r.asset
    group by r.book_id, r.no, r.line
  ), posted as (
    insert into posting (book_id, no, line, debit, credit, asset, amount, debit_after, credit_after)
    select l.book_id, l.no, l.line, l.debit, l.credit, l.asset, l.amount, a.debit_after, a.credit_after
    from line l join after a on a.book_id = l.book_id and a.no = l.no and a.line = l.line
  ), told as (
    insert into outbox (kind, book_id, ref) select event, book_id, no from fresh where event is not null order by i
  )
  select (select array_agg(coalesce(f.no, -k.no) order by h.i) from head h left join fresh f on f.i = h.i left join known k on k.i = h.i),
    (select s.book_id from start s where s.before + s.lowest < s.floor limit 1),
    (select count(*) from start) <> (select count(*) from total)
    into v_numbers, v_breach, v_short;
  if v_short then
    raise exception 'a code or asset is unknown' using errcode = 'LG003';
  end if;
  if v_breach is not null then
    raise exception 'a balance of book % falls below its floor', v_breach using errcode = 'check_violation', constraint = 'ck_balance_floor';
  end if;
  return v_numbers;
end $$;


--
-- Name: ledger_reverse(bigint, smallint, uuid, timestamp with time zone, smallint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint DEFAULT NULL::smallint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_count integer;
  v_debits smallint[];
  v_credits smallint[];
  v_assets smallint[];
  v_amounts bigint[];
begin
  select count(*), array_agg(p.debit order by p.line desc), array_agg(p.credit order by p.line desc),
      array_agg(p.asset order by p.line desc), array_agg(p.amount order by p.line desc)
    into v_count, v_debits, v_credits, v_assets, v_amounts
    from txn t join posting p on p.book_id = t.book_id and p.no = t.no
    where t.book_id = p_book and t.source_id = p_source_id and t.source = p_source;
  if v_count = 0 then
    return null;
  end if;
  return (ledger_post(array[p_book], array[(-p_source)::smallint], array[p_source_id], array[p_effective_at], array[v_count],
    v_credits, v_debits, v_assets, v_amounts, array[p_event]))[1];
end $$;


--
-- Name: ledger_roll_up(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_roll_up(p_most integer) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_now timestamptz;
  v_xid bigint;
  v_mark ledger_horizon;
  v_from timestamptz;
  v_until timestamptz;
  v_half timestamptz;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'ledger_roll_up must be the first write of its transaction' using errcode = 'LG004';
  end if;
  v_now := clock_timestamp();
  v_xid := pg_current_xact_id()::text::bigint;
  select * into strict v_mark from ledger_horizon for update;
  if v_mark.candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint then
    v_from := greatest(v_mark.horizon, timestamptz '2000-01-01 00:00:00+00');
    v_until := v_mark.candidate;
    while (
      select count(*) from (select from txn t where t.recorded_at >= v_mark.horizon and t.recorded_at < v_until limit p_most + 1) x
    ) > p_most loop
      v_half := v_from + (v_until - v_from) / 2;
      exit when v_half <= v_from or v_half >= v_until;
      v_until := v_half;
    end loop;
    insert into ledger_rollup as r (code, asset, balance)
      select e.code, e.asset, sum(case when e.code between 2000 and 4999 then -e.amount else e.amount end)
      from txn t join entry e on e.book_id = t.book_id and e.no = t.no
      where t.recorded_at >= v_mark.horizon and t.recorded_at < v_until
      group by e.code, e.asset
      on conflict (code, asset) do update set balance = r.balance + excluded.balance;
    v_mark.horizon := v_until;
    if v_until = v_mark.candidate then
      v_mark.candidate_xid := null;
    end if;
  end if;
  -- A number from the future comes from a dump that was restored into another server: start over with this server's numbers.
  if v_mark.candidate_xid is null or v_mark.candidate_xid > v_xid then
    v_mark.candidate := v_now;
    v_mark.candidate_xid := v_xid;
  end if;
  update ledger_horizon
    set horizon = v_mark.horizon, candidate = v_mark.candidate, candidate_xid = v_mark.candidate_xid;
  return v_mark.horizon;
end $$;


--
-- Name: ledger_same_postings(bigint, smallint, uuid, smallint[], smallint[], smallint[], bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_same_postings(p_book bigint, p_source smallint, p_source_id uuid, p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_no bigint;
begin
  select t.no into strict v_no from txn t
    where t.book_id = p_book and t.source_id = p_source_id and t.source = p_source;
  perform from posting p left join unnest(p_debits, p_credits, p_assets, p_amounts) with ordinality g (debit, credit, asset, amount, line)
      on g.line = p.line
    where p.book_id = p_book and p.no = v_no and (p.debit, p.credit, p.asset, p.amount) is distinct from (g.debit, g.credit, g.asset, g.amount);
  if found or cardinality(p_amounts) <> (select count(*) from posting p where p.book_id = p_book and p.no = v_no) then
    raise exception 'source % % of book % was posted with other postings', p_source, p_source_id, p_book
      using errcode = 'LG002', detail = format('%s %s %s', p_book, p_source, p_source_id);
  end if;
  return v_no;
end $$;


--
-- Name: ledger_set_floor(bigint, smallint, smallint, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_set_floor(p_book bigint, p_code smallint, p_asset smallint, p_floor bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform from book where id = p_book for no key update;
  if not found then
    raise exception 'book % does not exist', p_book using errcode = 'LG001', detail = p_book::text;
  end if;
  update balance set floor = p_floor where book_id = p_book and code = p_code and asset = p_asset;
  if not found then
    insert into balance (book_id, code, asset, balance, version, floor)
      select p_book, c.code, a.asset, 0, 0, p_floor from ledger_code c cross join ledger_asset a where c.code = p_code and a.asset = p_asset;
    if not found then
      raise exception 'no code % or asset %', p_code, p_asset using errcode = 'LG003';
    end if;
  end if;
end $$;


--
-- Name: living_session(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.living_session(p_session uuid, p_now timestamp with time zone DEFAULT now()) RETURNS TABLE(user_id uuid)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select user_id from session_family where id = p_session and revoked_at is null and idle_until > p_now
$$;


--
-- Name: payment_book(text, text, text, bigint, text, timestamp with time zone, timestamp with time zone, text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.payment_book(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return payment_book_plain(p_provider, p_out_trade_no, p_transaction_id, p_amount, p_currency, p_paid_at, p_now, p_kinds, p_settles);
exception when others then
  raise warning 'payment_book: % %', sqlstate, sqlerrm;
  return null;
end $$;


--
-- Name: payment_book_plain(text, text, text, bigint, text, timestamp with time zone, timestamp with time zone, text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.payment_book_plain(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $_$
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
    where t.out_trade_no = p_out_trade_no and t.provider = p_provider and t.amount_minor = p_amount and t.currency = p_currency
      and t.state in ('created', 'prepared', 'pending', 'unknown')
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
end $_$;


--
-- Name: payment_take(text, text, bytea, text, text, text, bigint, text, timestamp with time zone, timestamp with time zone, text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.payment_take(p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_callback bigint := inbox_keep(p_source, p_external_id, p_body);
begin
  if v_callback is null then
    return inbox_is_applied(p_source, p_external_id);
  end if;
  if payment_book(p_provider, p_out_trade_no, p_transaction_id, p_amount, p_currency, p_paid_at, p_now, p_kinds, p_settles) is null then
    perform inbox_leave(v_callback);
    return false;
  end if;
  return true;
end $$;


--
-- Name: payment_take_each(text[], text[], bytea[], text[], text[], text[], bigint[], text[], timestamp with time zone[], timestamp with time zone[], text[], text[], boolean[]); Type: PROCEDURE; Schema: public; Owner: -
--

CREATE PROCEDURE public.payment_take_each(IN p_sources text[], IN p_external_ids text[], IN p_bodies bytea[], IN p_providers text[], IN p_out_trade_nos text[], IN p_transaction_ids text[], IN p_amounts bigint[], IN p_currencies text[], IN p_paid_at timestamp with time zone[], IN p_now timestamp with time zone[], IN p_kinds text[], IN p_settles text[], INOUT p_taken boolean[])
    LANGUAGE plpgsql
    AS $$
begin
  for i in 1 .. cardinality(p_sources) loop
    if i < cardinality(p_sources) then
      set local synchronous_commit = off;
    end if;
    p_taken[i] := payment_take(
      p_sources[i], p_external_ids[i], p_bodies[i], p_providers[i], p_out_trade_nos[i], p_transaction_ids[i], p_amounts[i],
      p_currencies[i], p_paid_at[i], p_now[i], p_kinds, p_settles);
    commit;
  end loop;
end $$;


--
-- Name: payment_view(text, uuid, uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.payment_view(p_payment_no text, p_user uuid, p_session uuid, p_now timestamp with time zone) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
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


--
-- Name: premises_address(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.premises_address(p_district text, p_street text, p_building text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat_ws(' '::text, NULLIF(p_district, ''::text), NULLIF(p_street, ''::text), NULLIF(p_building, ''::text));


--
-- Name: refuse_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: access_grant; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.access_grant (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    account_id bigint NOT NULL,
    role text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT ck_access_grant_period CHECK ((valid_to > valid_from)),
    CONSTRAINT ck_access_grant_role CHECK ((role = ANY (ARRAY['owner'::text, 'payer'::text, 'viewer'::text])))
);


--
-- Name: account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account (
    id bigint NOT NULL,
    account_no text NOT NULL,
    unit_id integer NOT NULL,
    customer_id bigint NOT NULL,
    premises_id bigint NOT NULL,
    class text NOT NULL,
    state text NOT NULL,
    currency text NOT NULL,
    last_bill_minor bigint,
    last_bill_issued date,
    amounts_shown_until timestamp with time zone,
    CONSTRAINT ck_account_class CHECK ((class = ANY (ARRAY['residential'::text, 'commercial'::text, 'industrial'::text, 'agricultural'::text]))),
    CONSTRAINT ck_account_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_account_last_bill CHECK (((last_bill_minor IS NULL) = (last_bill_issued IS NULL))),
    CONSTRAINT ck_account_no CHECK ((account_no ~ '^[0-9A-Za-z-]{4,32}$'::text)),
    CONSTRAINT ck_account_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'closed'::text])))
)
WITH (fillfactor='80');


--
-- Name: account_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.account ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: agreement; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.agreement (
    account_id bigint NOT NULL,
    id smallint NOT NULL,
    tariff_code text NOT NULL,
    is_prepaid boolean NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT ck_agreement_period CHECK ((valid_to > valid_from))
);


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: app_user; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.app_user (
    id uuid NOT NULL,
    kind text NOT NULL,
    phone_sealed bytea NOT NULL,
    phone_blind bytea NOT NULL,
    phone_masked text NOT NULL,
    locale text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    signed_in_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_app_user_kind CHECK ((kind = 'user'::text)),
    CONSTRAINT ck_app_user_phone_blind CHECK ((length(phone_blind) = 16))
)
WITH (fillfactor='90');


--
-- Name: audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit (
    id bigint NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    address text,
    before jsonb,
    after jsonb
);


--
-- Name: audit_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: balance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.balance (
    book_id bigint NOT NULL,
    code smallint NOT NULL,
    asset smallint NOT NULL,
    balance bigint NOT NULL,
    version bigint NOT NULL,
    floor bigint,
    CONSTRAINT ck_balance_floor CHECK ((balance >= floor))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05');


--
-- Name: bill; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bill (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    bill_no text NOT NULL,
    period_first date NOT NULL,
    period_end date NOT NULL,
    issue_date date NOT NULL,
    due_date date NOT NULL,
    energy_kwh numeric(14,3) NOT NULL,
    amount_minor bigint NOT NULL,
    open_minor bigint NOT NULL,
    state text NOT NULL,
    origin text NOT NULL,
    posting_id uuid,
    opening_run_id bigint,
    CONSTRAINT ck_bill_dates CHECK ((issue_date <= due_date)),
    CONSTRAINT ck_bill_energy CHECK ((energy_kwh >= (0)::numeric)),
    CONSTRAINT ck_bill_no CHECK ((bill_no ~ '^[0-9A-Za-z-]{4,32}$'::text)),
    CONSTRAINT ck_bill_open CHECK (((open_minor >= 0) AND (open_minor <= amount_minor))),
    CONSTRAINT ck_bill_origin CHECK ((origin = ANY (ARRAY['issued'::text, 'opening'::text, 'history'::text]))),
    CONSTRAINT ck_bill_period CHECK ((period_first < period_end)),
    CONSTRAINT ck_bill_posting CHECK (((origin = 'issued'::text) = (posting_id IS NOT NULL))),
    CONSTRAINT ck_bill_settled CHECK (((state = 'issued'::text) = (open_minor > 0))),
    CONSTRAINT ck_bill_state CHECK ((state = ANY (ARRAY['issued'::text, 'settled'::text, 'cancelled'::text])))
)
WITH (fillfactor='90');


--
-- Name: bill_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.bill ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.bill_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: bill_line; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bill_line (
    account_id bigint NOT NULL,
    bill_id bigint NOT NULL,
    line_no smallint NOT NULL,
    code smallint NOT NULL,
    quantity numeric(14,3),
    unit text,
    unit_price numeric(18,8),
    amount_minor bigint NOT NULL,
    CONSTRAINT ck_bill_line_no CHECK ((line_no >= 1)),
    CONSTRAINT ck_bill_line_unit CHECK (((quantity IS NULL) = (unit IS NULL)))
);


--
-- Name: bill_line_code; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bill_line_code (
    id smallint NOT NULL,
    code text NOT NULL,
    ledger_code text NOT NULL
);


--
-- Name: bill_settlement; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bill_settlement (
    account_id bigint NOT NULL,
    bill_id bigint NOT NULL,
    id bigint NOT NULL,
    payment_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    settled_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_bill_settlement_amount CHECK ((amount_minor <> 0))
);


--
-- Name: bill_settlement_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.bill_settlement ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.bill_settlement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: book; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.book (
    id bigint NOT NULL,
    owner_kind public.ledger_owner_kind NOT NULL,
    owner_id bigint NOT NULL,
    version bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05');


--
-- Name: book_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.book ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.book_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: claim; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.claim (
    kind text NOT NULL,
    key text NOT NULL,
    owner text NOT NULL
);


--
-- Name: contact_point; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.contact_point (
    customer_id bigint NOT NULL,
    id smallint NOT NULL,
    kind text NOT NULL,
    address_sealed bytea NOT NULL,
    address_blind bytea NOT NULL,
    address_masked text NOT NULL,
    locale text NOT NULL,
    CONSTRAINT ck_contact_point_kind CHECK ((kind = ANY (ARRAY['phone'::text, 'email'::text])))
);


--
-- Name: customer; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.customer (
    id bigint NOT NULL,
    customer_no text NOT NULL,
    kind text NOT NULL,
    name_sealed bytea NOT NULL,
    name_masked text NOT NULL,
    tokens bytea[] NOT NULL,
    fingerprint bytea NOT NULL,
    CONSTRAINT ck_customer_kind CHECK ((kind = ANY (ARRAY['person'::text, 'business'::text]))),
    CONSTRAINT ck_customer_no CHECK (((length(customer_no) >= 1) AND (length(customer_no) <= 32)))
);


--
-- Name: customer_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.customer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.customer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: posting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.posting (
    book_id bigint NOT NULL,
    no bigint NOT NULL,
    line smallint NOT NULL,
    debit smallint NOT NULL,
    credit smallint NOT NULL,
    asset smallint NOT NULL,
    amount bigint NOT NULL,
    debit_after bigint NOT NULL,
    credit_after bigint NOT NULL,
    CONSTRAINT ck_posting_pair CHECK (((amount > 0) AND (debit <> credit)))
);


--
-- Name: entry; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.entry AS
 SELECT posting.book_id,
    posting.no,
    posting.line,
    'debit'::text AS side,
    posting.debit AS code,
    posting.asset,
    posting.amount,
    posting.debit_after AS balance_after
   FROM public.posting
UNION ALL
 SELECT posting.book_id,
    posting.no,
    posting.line,
    'credit'::text AS side,
    posting.credit AS code,
    posting.asset,
    (- posting.amount) AS amount,
    posting.credit_after AS balance_after
   FROM public.posting;


--
-- Name: idempotency; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency (
    caller text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    resource text,
    status smallint,
    answer bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    leased_until timestamp with time zone,
    run uuid,
    CONSTRAINT ck_idempotency_answer CHECK (((status IS NULL) = (answer IS NULL))),
    CONSTRAINT ck_idempotency_key CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);


--
-- Name: import_reject; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.import_reject (
    run_id bigint NOT NULL,
    row_no bigint NOT NULL,
    field text NOT NULL,
    reason text NOT NULL
);


--
-- Name: import_run; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.import_run (
    id bigint NOT NULL,
    kind text NOT NULL,
    file_digest bytea NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    rows_rejected bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT ck_import_run_digest CHECK ((length(file_digest) = 32)),
    CONSTRAINT ck_import_run_rows CHECK (((rows_rejected >= 0) AND (rows_rejected <= rows_done)))
);


--
-- Name: import_run_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.import_run ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.import_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: inbox; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.inbox (
    id bigint NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    body bytea NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_at timestamp with time zone,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    error text,
    CONSTRAINT ck_inbox_external_id CHECK (((length(external_id) >= 1) AND (length(external_id) <= 128)))
);


--
-- Name: inbox_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.inbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.inbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: ledger_asset; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_asset (
    asset smallint NOT NULL,
    name text NOT NULL,
    CONSTRAINT ck_ledger_asset_name CHECK ((name ~ '^[A-Z]{3}$'::text))
);


--
-- Name: ledger_check; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_check (
    name text NOT NULL,
    next_from bigint,
    found integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    violations integer DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT ck_ledger_check_counts CHECK (((found >= 0) AND (violations >= 0))),
    CONSTRAINT ck_ledger_check_round CHECK (((next_from IS NULL) OR (started_at IS NOT NULL)))
);


--
-- Name: ledger_code; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_code (
    code smallint NOT NULL,
    name text NOT NULL,
    floor bigint,
    CONSTRAINT ck_ledger_code_range CHECK (((code >= 1000) AND (code <= 5999)))
);


--
-- Name: ledger_horizon; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_horizon (
    id smallint DEFAULT 1 NOT NULL,
    horizon timestamp with time zone NOT NULL,
    candidate timestamp with time zone,
    candidate_xid bigint,
    CONSTRAINT ck_ledger_horizon_single CHECK ((id = 1))
);


--
-- Name: ledger_rollup; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_rollup (
    code smallint NOT NULL,
    asset smallint NOT NULL,
    balance numeric(30,0) NOT NULL
);


--
-- Name: link_failure; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.link_failure (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    account_no text NOT NULL,
    failed_at timestamp with time zone NOT NULL
);


--
-- Name: link_failure_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.link_failure ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.link_failure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: message; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.message (
    owner text NOT NULL,
    id uuid NOT NULL,
    channel text NOT NULL,
    intent text NOT NULL,
    template text NOT NULL,
    priority smallint NOT NULL,
    params jsonb NOT NULL,
    locale text NOT NULL,
    link text,
    state text NOT NULL,
    address_sealed bytea,
    address_blind bytea,
    address_masked text,
    attempts smallint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    lease_token uuid,
    provider_ref text,
    error_code text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    finished_at timestamp with time zone,
    read_at timestamp with time zone,
    CONSTRAINT ck_message_address CHECK ((((channel = 'sms'::text) = (address_sealed IS NOT NULL)) AND ((channel = 'sms'::text) = (address_blind IS NOT NULL)))),
    CONSTRAINT ck_message_channel CHECK ((channel = ANY (ARRAY['sms'::text, 'inbox'::text]))),
    CONSTRAINT ck_message_due CHECK (((due_at IS NOT NULL) = (state = ANY (ARRAY['pending'::text, 'sending'::text, 'unknown'::text, 'accepted'::text])))),
    CONSTRAINT ck_message_lease CHECK (((state <> ALL (ARRAY['sending'::text, 'unknown'::text])) OR (lease_token IS NOT NULL))),
    CONSTRAINT ck_message_link CHECK ((link ~ '^/[^/]'::text)),
    CONSTRAINT ck_message_owner CHECK ((owner ~ '^(user:[0-9a-f-]{36}|customer:[0-9]+)$'::text)),
    CONSTRAINT ck_message_priority CHECK ((priority = ANY (ARRAY[0, 1]))),
    CONSTRAINT ck_message_read CHECK (((read_at IS NULL) OR (channel = 'inbox'::text))),
    CONSTRAINT ck_message_state CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'unknown'::text, 'accepted'::text, 'delivered'::text, 'undelivered'::text, 'expired'::text, 'suppressed'::text, 'dead'::text])))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');


--
-- Name: message_attempt; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.message_attempt (
    id uuid NOT NULL,
    owner text NOT NULL,
    message_id uuid NOT NULL,
    attempt_no smallint NOT NULL,
    provider text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: message_finding; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.message_finding (
    attempt_id uuid NOT NULL,
    id bigint NOT NULL,
    source text NOT NULL,
    finding text NOT NULL,
    code text,
    provider_ref text,
    request_ref text,
    learned_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_message_finding_source CHECK ((source = ANY (ARRAY['answer'::text, 'query'::text, 'receipt'::text, 'lease'::text])))
);


--
-- Name: message_finding_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.message_finding ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.message_finding_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: meter; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.meter (
    id bigint NOT NULL,
    meter_no text NOT NULL,
    account_id bigint NOT NULL,
    CONSTRAINT ck_meter_no CHECK (((length(meter_no) >= 1) AND (length(meter_no) <= 32)))
);


--
-- Name: meter_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.meter ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.meter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: otp_challenge; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.otp_challenge (
    id uuid NOT NULL,
    phone_blind bytea NOT NULL,
    device_blind bytea NOT NULL,
    purpose text NOT NULL,
    code_hash bytea NOT NULL,
    state text NOT NULL,
    tries smallint NOT NULL,
    sending text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_otp_challenge_burnt CHECK (((state = 'burnt'::text) = (tries = 5))),
    CONSTRAINT ck_otp_challenge_period CHECK ((expires_at > created_at)),
    CONSTRAINT ck_otp_challenge_purpose CHECK ((purpose = 'sign_in'::text)),
    CONSTRAINT ck_otp_challenge_sending CHECK ((sending = ANY (ARRAY['accepted'::text, 'refused'::text, 'unknown'::text, 'withheld'::text]))),
    CONSTRAINT ck_otp_challenge_state CHECK ((state = ANY (ARRAY['open'::text, 'used'::text, 'burnt'::text, 'voided'::text]))),
    CONSTRAINT ck_otp_challenge_tries CHECK (((tries >= 0) AND (tries <= 5)))
)
WITH (fillfactor='80');


--
-- Name: outbox; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox (
    id bigint NOT NULL,
    kind smallint NOT NULL,
    book_id bigint,
    ref bigint,
    payload jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    error text
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');


--
-- Name: outbox_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: payment_attempt; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_attempt (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    no smallint NOT NULL,
    provider text NOT NULL,
    method text NOT NULL,
    out_trade_no text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    request_sealed bytea NOT NULL,
    request_hash bytea NOT NULL,
    chosen_nos text[],
    answer jsonb,
    refused_reason text,
    transaction_id text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    next_check_at timestamp with time zone,
    asked_at timestamp with time zone,
    checks smallint DEFAULT 0 NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    CONSTRAINT ck_payment_attempt_amount CHECK ((amount_minor > 0)),
    CONSTRAINT ck_payment_attempt_no CHECK ((no >= 1)),
    CONSTRAINT ck_payment_attempt_out_trade_no CHECK ((out_trade_no ~ '^[0-9A-Za-z]{20,32}$'::text)),
    CONSTRAINT ck_payment_attempt_paid CHECK ((((state = 'paid'::text) = (transaction_id IS NOT NULL)) AND ((state = 'paid'::text) = (paid_at IS NOT NULL)))),
    CONSTRAINT ck_payment_attempt_request_hash CHECK ((length(request_hash) = 32)),
    CONSTRAINT ck_payment_attempt_state CHECK ((state = ANY (ARRAY['created'::text, 'prepared'::text, 'pending'::text, 'unknown'::text, 'paid'::text, 'closed'::text, 'failed'::text])))
)
WITH (fillfactor='70');


--
-- Name: payment_callback_refusal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_callback_refusal (
    day date NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    refusals bigint NOT NULL,
    CONSTRAINT ck_payment_callback_refusal_reason CHECK ((reason ~ '^[a-z_]{1,32}$'::text))
)
WITH (fillfactor='50');


--
-- Name: payment_order; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_order (
    id uuid NOT NULL,
    payment_no text NOT NULL,
    payer_user_id uuid,
    quote_id uuid,
    provider text NOT NULL,
    method text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    CONSTRAINT ck_payment_order_amount CHECK ((amount_minor > 0)),
    CONSTRAINT ck_payment_order_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_payment_order_no CHECK ((payment_no ~ '^[0-9A-Z]{16,24}$'::text)),
    CONSTRAINT ck_payment_order_paid CHECK (((state <> 'paid'::text) OR (paid_at IS NOT NULL))),
    CONSTRAINT ck_payment_order_period CHECK ((expires_at > created_at)),
    CONSTRAINT ck_payment_order_state CHECK ((state = ANY (ARRAY['open'::text, 'paid'::text, 'suspended'::text, 'closed'::text, 'failed'::text])))
)
WITH (fillfactor='80');


--
-- Name: payment_part; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_part (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    attempt_id uuid NOT NULL,
    book_id bigint NOT NULL,
    payable_kind text,
    payable_id bigint,
    payable_no text,
    amount_minor bigint NOT NULL,
    taken_minor bigint,
    outcome text DEFAULT 'open'::text NOT NULL,
    CONSTRAINT ck_payment_part_amount CHECK ((amount_minor > 0)),
    CONSTRAINT ck_payment_part_booked CHECK (((outcome = 'booked'::text) = (taken_minor IS NOT NULL))),
    CONSTRAINT ck_payment_part_outcome CHECK ((outcome = ANY (ARRAY['open'::text, 'booked'::text, 'suspended'::text]))),
    CONSTRAINT ck_payment_part_payable CHECK ((((payable_kind IS NULL) = (payable_id IS NULL)) AND ((payable_kind IS NULL) = (payable_no IS NULL)))),
    CONSTRAINT ck_payment_part_taken CHECK (((taken_minor >= 0) AND (taken_minor <= amount_minor)))
)
WITH (fillfactor='80');


--
-- Name: payment_part_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.payment_part ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_part_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: payment_provider_certificate; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_provider_certificate (
    provider text NOT NULL,
    serial text NOT NULL,
    pem text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL
);


--
-- Name: payment_provider_health; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_provider_health (
    provider text NOT NULL,
    failures integer NOT NULL,
    open_until timestamp with time zone
);


--
-- Name: payment_quote; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_quote (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    account_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);


--
-- Name: payment_quote_failure; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_quote_failure (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    address_blind bytea NOT NULL,
    account_no text NOT NULL,
    failed_at timestamp with time zone NOT NULL
);


--
-- Name: payment_quote_failure_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.payment_quote_failure ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_quote_failure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: payment_suspense; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_suspense (
    id bigint NOT NULL,
    reason text NOT NULL,
    provider text NOT NULL,
    out_trade_no text NOT NULL,
    transaction_id text NOT NULL,
    order_id uuid,
    attempt_id uuid,
    account_id bigint,
    part_id bigint,
    book_id bigint,
    source_id uuid,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    paid_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    CONSTRAINT ck_payment_suspense_amount CHECK ((amount_minor > 0)),
    CONSTRAINT ck_payment_suspense_posted CHECK ((((reason = 'transaction_claimed'::text) = (book_id IS NULL)) AND ((reason = 'transaction_claimed'::text) = (source_id IS NULL)))),
    CONSTRAINT ck_payment_suspense_reason CHECK ((reason = ANY (ARRAY['unknown_order'::text, 'amount_differs'::text, 'settling_failed'::text, 'second_transaction'::text, 'transaction_claimed'::text]))),
    CONSTRAINT ck_payment_suspense_state CHECK ((state = ANY (ARRAY['open'::text, 'assigned'::text])))
);


--
-- Name: payment_suspense_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.payment_suspense ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_suspense_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: point_lot; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.point_lot (
    book_id bigint NOT NULL,
    no bigint NOT NULL,
    earned bigint NOT NULL,
    remaining bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_point_lot_remaining CHECK (((remaining >= 0) AND (remaining <= earned)))
)
WITH (fillfactor='50');


--
-- Name: point_lot_use; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.point_lot_use (
    book_id bigint NOT NULL,
    no bigint NOT NULL,
    lot_no bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT ck_point_lot_use_points CHECK ((points <> 0))
);


--
-- Name: premises; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.premises (
    id bigint NOT NULL,
    premises_no text NOT NULL,
    district text NOT NULL,
    street text NOT NULL,
    building text NOT NULL,
    door_sealed bytea,
    fingerprint bytea NOT NULL
);


--
-- Name: premises_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.premises ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.premises_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: refresh_token; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.refresh_token (
    token_hash bytea NOT NULL,
    family_id uuid NOT NULL,
    generation integer NOT NULL,
    CONSTRAINT ck_refresh_token_hash CHECK ((length(token_hash) = 32))
);


--
-- Name: session_family; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.session_family (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    device_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    idle_until timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    generation integer NOT NULL,
    rotated_at timestamp with time zone NOT NULL,
    browser_hash bytea,
    revoked_at timestamp with time zone,
    revoked_why text,
    CONSTRAINT ck_session_family_browser CHECK (((kind = 'browser'::text) = (browser_hash IS NOT NULL))),
    CONSTRAINT ck_session_family_device_name CHECK (((length(device_name) >= 1) AND (length(device_name) <= 80))),
    CONSTRAINT ck_session_family_idle CHECK ((idle_until <= expires_at)),
    CONSTRAINT ck_session_family_kind CHECK ((kind = ANY (ARRAY['app'::text, 'browser'::text]))),
    CONSTRAINT ck_session_family_revoked CHECK (((revoked_at IS NULL) = (revoked_why IS NULL))),
    CONSTRAINT ck_session_family_why CHECK ((revoked_why = ANY (ARRAY['signed_out'::text, 'revoked'::text, 'replaced'::text, 'reuse'::text])))
)
WITH (fillfactor='80');


--
-- Name: sign_in_budget; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sign_in_budget (
    day date NOT NULL,
    shard smallint NOT NULL,
    sent integer NOT NULL,
    CONSTRAINT ck_sign_in_budget_sent CHECK ((sent >= 0)),
    CONSTRAINT ck_sign_in_budget_shard CHECK (((shard >= 0) AND (shard <= 15)))
)
WITH (fillfactor='50');


--
-- Name: sign_in_limit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sign_in_limit (
    kind text NOT NULL,
    key bytea NOT NULL,
    hits timestamp with time zone[] NOT NULL,
    CONSTRAINT ck_sign_in_limit_hits CHECK (((cardinality(hits) >= 1) AND (cardinality(hits) <= 1000))),
    CONSTRAINT ck_sign_in_limit_kind CHECK ((kind = ANY (ARRAY['phone'::text, 'device'::text, 'address'::text])))
)
WITH (fillfactor='70');


--
-- Name: txn; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.txn (
    book_id bigint NOT NULL,
    no bigint NOT NULL,
    source smallint NOT NULL,
    source_id uuid NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);


--
-- Name: unit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unit (
    id integer NOT NULL,
    code text NOT NULL,
    parent_id integer,
    kind text NOT NULL,
    name text NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT ck_unit_code CHECK ((code ~ '^[0-9A-Za-z-]{1,32}$'::text)),
    CONSTRAINT ck_unit_kind CHECK ((kind = ANY (ARRAY['province'::text, 'city'::text, 'branch'::text, 'station'::text]))),
    CONSTRAINT ck_unit_path CHECK ((path ~ '^(/[0-9A-Za-z-]+)+/$'::text)),
    CONSTRAINT ck_unit_root CHECK (((parent_id IS NULL) = (path = (('/'::text || code) || '/'::text))))
);


--
-- Name: unit_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.unit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.unit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Data for Name: access_grant; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.access_grant (id, user_id, account_id, role, valid_from, valid_to, revoked_at) FROM stdin;
01a21617-f5db-73f9-a424-8a3f255a1637	01a21617-f5d9-78d8-a7f5-51d4f27a19b6	2	owner	2020-01-01 00:00:00+00	\N	\N
01a21617-f60d-79e5-beeb-93a7fbc405eb	01a21617-f60c-7300-8afa-a71056619808	3	owner	2020-01-01 00:00:00+00	\N	\N
01a21617-f631-7707-902e-973eb22adc65	01a21617-f630-7caa-b987-69d730120e39	1	owner	2020-01-01 00:00:00+00	\N	\N
01a21617-f656-784d-86e0-dfc2fdcd1241	01a21617-f655-7835-94a6-854216c4d6ac	1	owner	2020-01-01 00:00:00+00	\N	2020-01-01 00:00:00+00
01a21617-f677-7868-b809-baef6de7dcee	01a21617-f655-7835-94a6-854216c4d6ac	1	payer	2020-01-01 00:00:00+00	\N	\N
01a21617-f679-79c2-a871-c038704bcde0	01a21617-f678-7ae5-9fc2-1d32ba961eac	1	owner	2020-01-01 00:00:00+00	\N	2020-01-01 00:00:00+00
01a21617-f69a-76ec-afb9-3aba7951188d	01a21617-f678-7ae5-9fc2-1d32ba961eac	1	viewer	2020-01-01 00:00:00+00	\N	\N
01a21617-f6c1-7d49-af00-5f78ec2bbdee	01a21617-f6c0-7527-b944-24bb5e8f6377	1	owner	2020-01-01 00:00:00+00	\N	2026-11-26 04:23:19.004645+00
01a21617-f6de-7c04-8d57-ae9819c1a575	01a21617-f6dd-761a-98cd-46c22bf9480f	1	owner	2020-01-01 00:00:00+00	2026-11-25 04:23:19.032104+00	\N
01a21617-f6f9-76b3-b087-5a9bb0f14c35	01a21617-f6f8-774e-aacd-83186e34532a	1	owner	2020-01-01 00:00:00+00	\N	\N
01a21617-f720-7775-b31b-6de75be441bb	01a21617-f71f-7659-88e9-b429a69d9498	1	owner	2020-01-01 00:00:00+00	\N	\N
\.


--
-- Data for Name: account; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.account (id, account_no, unit_id, customer_id, premises_id, class, state, currency, last_bill_minor, last_bill_issued, amounts_shown_until) FROM stdin;
2	7000000002	2	2	2	residential	active	CNY	12860	2026-06-03	\N
3	7000000003	3	3	3	residential	active	CNY	12860	2026-06-03	\N
1	7000000001	2	1	1	residential	active	CNY	12860	2026-06-03	2026-11-26 04:33:18.959412+00
\.


--
-- Data for Name: agreement; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.agreement (account_id, id, tariff_code, is_prepaid, valid_from, valid_to) FROM stdin;
\.


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0009_payments_book
\.


--
-- Data for Name: app_user; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.app_user (id, kind, phone_sealed, phone_blind, phone_masked, locale, created_at, signed_in_at) FROM stdin;
01a21617-f5d9-78d8-a7f5-51d4f27a19b6	user	\\x0101614a729e52281a5969f097264aef1ae0ea26cdf920399d489ac25d45a3880ad67aa7b3dacce1dea679de9d	\\x7eaafc7d53a90c26e0c3430b3b635374	+86137****0004	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f60c-7300-8afa-a71056619808	user	\\x010161fcaad239ca2cd00d12ad80bce57ff1afe623ec2829b252362f116a9d38e913b66af8dda6ba47a2d0cf80	\\x270430ae3dfbf3f0129bd1425937b82f	+86137****0005	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f630-7caa-b987-69d730120e39	user	\\x010161030dd6f4d76b1747a89b164e7e3719826e42b354568b6d50b301f75895072cd253bd87bb696c1dc4d161	\\x8eb9144ed25d5dbdabc0fb5d129b7932	+86137****0006	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f655-7835-94a6-854216c4d6ac	user	\\x0101618575f4727158665f109eda77b58b778fd5a00d2e12701e6841d0157bca4a9dd71cc8caae89d4d566d81f	\\xc968500c6b1aca6269245444775460f0	+86137****0007	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f678-7ae5-9fc2-1d32ba961eac	user	\\x010161d51461b4c9d9c27651a32d64811b665613debf113f4f398726c94e85dc91cb377076fd3a6baa477b83a2	\\x59b616332e96c84a4225805385c90f0c	+86137****0008	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f69a-7536-89a4-215dc2ea98d1	user	\\x0101612f4575a6b20e356b268903e89f1082d2c7eddfe4d126bf6410e18d6fa0dc5bb07f6b14dddb5ec09c2f5f	\\x70472b71ba96618d6e264abef3363670	+86137****0009	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f6c0-7527-b944-24bb5e8f6377	user	\\x0101613f9fab072e5c2c315cf5ad92285a9ffe1fe34710ece9f1f29238c3c75bf180c8c2032a7d9cb7d8787ddb	\\x1dc84662a8ef01e1fd1de0f896ce7a09	+86137****0010	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f6dd-761a-98cd-46c22bf9480f	user	\\x0101610cdf9bdccfd6440b8607b192b04ee6973180cd991258447f3419508674829d7f52d62d7ef6ed9ca1319f	\\x14352f68b03bbc61dba4c7f7ed5df6fd	+86137****0011	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f6f8-774e-aacd-83186e34532a	user	\\x010161ee6c3fdfe761ec76fb9f46de53de343cb359b3fce74a36191883fdd6f9a082693666775120dfde971d84	\\xd0844cf038e5770f68eb759272045325	+86137****0012	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
01a21617-f71f-7659-88e9-b429a69d9498	user	\\x010161e56ee44aa14ac408844fd29d80da94be4e47e8920ae436b132855b99360b69588849db4def8e607ea93e	\\x5d50b7e07f0c165949d5e640c55cca79	+86137****0013	zh-CN	2020-01-01 00:00:00+00	2020-01-01 00:00:00+00
\.


--
-- Data for Name: audit; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.audit (id, recorded_at, actor, act, subject, address, before, after) FROM stdin;
1	2026-11-26 04:23:18.745979+00	test:factory	accounts.grant	account:2	\N	\N	{"role": "owner", "user_id": "01a21617-f5d9-78d8-a7f5-51d4f27a19b6"}
2	2026-11-26 04:23:18.745979+00	user:01a21617-f5d9-78d8-a7f5-51d4f27a19b6	identity.sign_in	session:01a21617-f5dc-7afc-814e-e4363fae005f	203.0.113.7	\N	\N
3	2026-11-26 04:23:18.745979+00	user:01a21617-f5d9-78d8-a7f5-51d4f27a19b6	identity.sign_in	session:01a21617-f5de-7c12-bccf-c20808ac9aad	203.0.113.7	\N	\N
4	2026-11-26 04:23:18.745979+00	user:01a21617-f5d9-78d8-a7f5-51d4f27a19b6	identity.sign_in	session:01a21617-f5de-7e13-82b5-fa96eaa20821	203.0.113.7	\N	\N
5	2026-11-26 04:23:18.754688+00	user:01a21617-f5d9-78d8-a7f5-51d4f27a19b6	payments.start	payment:T314C35A6624F40AFAE3	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 2, "attempt_id": "01a21617-f5e6-7963-9112-80bc7750a4cd", "amount_minor": 100}
6	2026-11-26 04:23:18.77723+00	user:01a21617-f5d9-78d8-a7f5-51d4f27a19b6	payments.start	payment:TE544F6D66D1441B3BB4	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 2, "attempt_id": "01a21617-f5fb-7632-b5ac-4739d68536d2", "amount_minor": 100}
7	2026-11-26 04:23:18.797224+00	test:factory	accounts.grant	account:3	\N	\N	{"role": "owner", "user_id": "01a21617-f60c-7300-8afa-a71056619808"}
8	2026-11-26 04:23:18.797224+00	user:01a21617-f60c-7300-8afa-a71056619808	identity.sign_in	session:01a21617-f60e-7a96-86fc-a92ce4a8c898	203.0.113.7	\N	\N
9	2026-11-26 04:23:18.797224+00	user:01a21617-f60c-7300-8afa-a71056619808	identity.sign_in	session:01a21617-f60f-73f2-9ef7-d9b59f66f9cd	203.0.113.7	\N	\N
10	2026-11-26 04:23:18.797224+00	user:01a21617-f60c-7300-8afa-a71056619808	identity.sign_in	session:01a21617-f60f-79c2-ba33-6534630d4d05	203.0.113.7	\N	\N
11	2026-11-26 04:23:18.8022+00	user:01a21617-f60c-7300-8afa-a71056619808	payments.start	payment:TC38592799D0D4305981	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 3, "attempt_id": "01a21617-f614-7376-ac2a-808ec76ee732", "amount_minor": 100}
12	2026-11-26 04:23:18.816854+00	user:01a21617-f60c-7300-8afa-a71056619808	payments.start	payment:T5CDD8FEE1EB3438B9F8	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 3, "attempt_id": "01a21617-f622-78e6-99fa-c2f11c3bb352", "amount_minor": 100}
13	2026-11-26 04:23:18.832877+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "owner", "user_id": "01a21617-f630-7caa-b987-69d730120e39"}
14	2026-11-26 04:23:18.832877+00	user:01a21617-f630-7caa-b987-69d730120e39	identity.sign_in	session:01a21617-f632-7a3f-9bf0-4cfbc7cbfd87	203.0.113.7	\N	\N
15	2026-11-26 04:23:18.832877+00	user:01a21617-f630-7caa-b987-69d730120e39	identity.sign_in	session:01a21617-f632-7c37-90e7-75c1b117f860	203.0.113.7	\N	\N
16	2026-11-26 04:23:18.832877+00	user:01a21617-f630-7caa-b987-69d730120e39	identity.sign_in	session:01a21617-f633-71e7-a8b0-c69818fed6e4	203.0.113.7	\N	\N
17	2026-11-26 04:23:18.837384+00	user:01a21617-f630-7caa-b987-69d730120e39	payments.start	payment:T8E08422DB8A542E2B57	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f637-7147-8fbd-85093e835f01", "amount_minor": 100}
18	2026-11-26 04:23:18.851857+00	user:01a21617-f630-7caa-b987-69d730120e39	payments.start	payment:TE878F33B9C334C53B41	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f645-7300-8162-4a4c44178c2d", "amount_minor": 100}
19	2026-11-26 04:23:18.869936+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "owner", "user_id": "01a21617-f655-7835-94a6-854216c4d6ac"}
20	2026-11-26 04:23:18.869936+00	user:01a21617-f655-7835-94a6-854216c4d6ac	identity.sign_in	session:01a21617-f657-7fbc-a169-dd3e3b2a0f71	203.0.113.7	\N	\N
21	2026-11-26 04:23:18.869936+00	user:01a21617-f655-7835-94a6-854216c4d6ac	identity.sign_in	session:01a21617-f657-7cab-a663-f9b1acbe06b8	203.0.113.7	\N	\N
22	2026-11-26 04:23:18.869936+00	user:01a21617-f655-7835-94a6-854216c4d6ac	identity.sign_in	session:01a21617-f658-7adc-ab5b-d55acbc80243	203.0.113.7	\N	\N
23	2026-11-26 04:23:18.874556+00	user:01a21617-f655-7835-94a6-854216c4d6ac	payments.start	payment:TA3C897BA0D4E46B9B89	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f65c-7660-8262-4bf6d879f184", "amount_minor": 100}
24	2026-11-26 04:23:18.887212+00	user:01a21617-f655-7835-94a6-854216c4d6ac	payments.start	payment:TA27A24B9E9A847DF9F1	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f669-739f-893f-b87574bd5347", "amount_minor": 100}
25	2026-11-26 04:23:18.903139+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "payer", "user_id": "01a21617-f655-7835-94a6-854216c4d6ac"}
26	2026-11-26 04:23:18.905116+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "owner", "user_id": "01a21617-f678-7ae5-9fc2-1d32ba961eac"}
27	2026-11-26 04:23:18.905116+00	user:01a21617-f678-7ae5-9fc2-1d32ba961eac	identity.sign_in	session:01a21617-f67a-7239-966a-911f8f0d2bdf	203.0.113.7	\N	\N
28	2026-11-26 04:23:18.905116+00	user:01a21617-f678-7ae5-9fc2-1d32ba961eac	identity.sign_in	session:01a21617-f67a-795c-bcb0-f9d1daa5bfc4	203.0.113.7	\N	\N
29	2026-11-26 04:23:18.905116+00	user:01a21617-f678-7ae5-9fc2-1d32ba961eac	identity.sign_in	session:01a21617-f67b-7903-8213-8515ca313d96	203.0.113.7	\N	\N
30	2026-11-26 04:23:18.909801+00	user:01a21617-f678-7ae5-9fc2-1d32ba961eac	payments.start	payment:T37A14B44068541D38CC	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f67f-7831-bc8e-7c49b0259d13", "amount_minor": 100}
31	2026-11-26 04:23:18.922533+00	user:01a21617-f678-7ae5-9fc2-1d32ba961eac	payments.start	payment:TD0C565FE922B499F878	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f68c-771d-90d6-5c135a030ff9", "amount_minor": 100}
32	2026-11-26 04:23:18.937689+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "viewer", "user_id": "01a21617-f678-7ae5-9fc2-1d32ba961eac"}
33	2026-11-26 04:23:18.939128+00	user:01a21617-f69a-7536-89a4-215dc2ea98d1	identity.sign_in	session:01a21617-f69b-755a-b244-68951d901593	203.0.113.7	\N	\N
34	2026-11-26 04:23:18.939128+00	user:01a21617-f69a-7536-89a4-215dc2ea98d1	identity.sign_in	session:01a21617-f69c-727c-882e-77e420e5ac21	203.0.113.7	\N	\N
35	2026-11-26 04:23:18.939128+00	user:01a21617-f69a-7536-89a4-215dc2ea98d1	identity.sign_in	session:01a21617-f69c-7668-a54c-f51771d3703b	203.0.113.7	\N	\N
36	2026-11-26 04:23:18.942657+00	user:01a21617-f69a-7536-89a4-215dc2ea98d1	payments.quote	account:1	203.0.113.7	\N	{"quote_id": "01a21617-f6a1-7b2a-8d36-ddeb85d3cb16"}
37	2026-11-26 04:23:18.947117+00	user:01a21617-f69a-7536-89a4-215dc2ea98d1	payments.start	payment:T4EAD777A7B564E2187A	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f6a5-766c-b4b5-7d7ed06c50e1", "amount_minor": 100}
38	2026-11-26 04:23:18.959504+00	user:01a21617-f69a-7536-89a4-215dc2ea98d1	payments.quote	account:1	203.0.113.7	\N	{"quote_id": "01a21617-f6b1-7a7d-9d91-f32cd6caa4c9"}
39	2026-11-26 04:23:18.962413+00	user:01a21617-f69a-7536-89a4-215dc2ea98d1	payments.start	payment:T7673936CCA9347B6961	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f6b4-7c86-87fe-fbb9fd6a29bc", "amount_minor": 100}
40	2026-11-26 04:23:18.976808+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "owner", "user_id": "01a21617-f6c0-7527-b944-24bb5e8f6377"}
41	2026-11-26 04:23:18.976808+00	user:01a21617-f6c0-7527-b944-24bb5e8f6377	identity.sign_in	session:01a21617-f6c2-7fa8-801b-dea6a0b493e2	203.0.113.7	\N	\N
42	2026-11-26 04:23:18.976808+00	user:01a21617-f6c0-7527-b944-24bb5e8f6377	identity.sign_in	session:01a21617-f6c2-794c-a202-07f730fe88d2	203.0.113.7	\N	\N
43	2026-11-26 04:23:18.976808+00	user:01a21617-f6c0-7527-b944-24bb5e8f6377	identity.sign_in	session:01a21617-f6c3-7c6c-aae5-7d2c268b38fa	203.0.113.7	\N	\N
44	2026-11-26 04:23:18.981218+00	user:01a21617-f6c0-7527-b944-24bb5e8f6377	payments.start	payment:TE3CE26A14C4446E6938	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f6c6-7adf-9e37-b5096edd24e6", "amount_minor": 100}
45	2026-11-26 04:23:18.992504+00	user:01a21617-f6c0-7527-b944-24bb5e8f6377	payments.start	payment:TF14FFC0AD8384C41B88	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f6d1-7ef6-8705-df6fe3d2daa4", "amount_minor": 100}
46	2026-11-26 04:23:19.00482+00	test:factory	accounts.revoke	account:1	\N	{"user_id": "01a21617-f6c0-7527-b944-24bb5e8f6377"}	\N
47	2026-11-26 04:23:19.005863+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "owner", "user_id": "01a21617-f6dd-761a-98cd-46c22bf9480f"}
48	2026-11-26 04:23:19.005863+00	user:01a21617-f6dd-761a-98cd-46c22bf9480f	identity.sign_in	session:01a21617-f6de-7414-a098-1b7a5a538f42	203.0.113.7	\N	\N
49	2026-11-26 04:23:19.005863+00	user:01a21617-f6dd-761a-98cd-46c22bf9480f	identity.sign_in	session:01a21617-f6df-7890-8fd3-1e29efa59b92	203.0.113.7	\N	\N
50	2026-11-26 04:23:19.005863+00	user:01a21617-f6dd-761a-98cd-46c22bf9480f	identity.sign_in	session:01a21617-f6df-715d-871c-e64a52c02851	203.0.113.7	\N	\N
51	2026-11-26 04:23:19.009842+00	user:01a21617-f6dd-761a-98cd-46c22bf9480f	payments.start	payment:T8BE6808913434F62B50	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f6e2-7790-b855-f17a07e5e43c", "amount_minor": 100}
52	2026-11-26 04:23:19.020071+00	user:01a21617-f6dd-761a-98cd-46c22bf9480f	payments.start	payment:TB50B89D83C354B2EAEF	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f6ed-7785-a750-7d4c6a003f79", "amount_minor": 100}
53	2026-11-26 04:23:19.033055+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "owner", "user_id": "01a21617-f6f8-774e-aacd-83186e34532a"}
54	2026-11-26 04:23:19.033055+00	user:01a21617-f6f8-774e-aacd-83186e34532a	identity.sign_in	session:01a21617-f6fa-762e-902c-4cc70770473e	203.0.113.7	\N	\N
55	2026-11-26 04:23:19.033055+00	user:01a21617-f6f8-774e-aacd-83186e34532a	identity.sign_in	session:01a21617-f6fa-7eca-ae44-2f2bc0fce058	203.0.113.7	\N	\N
56	2026-11-26 04:23:19.033055+00	user:01a21617-f6f8-774e-aacd-83186e34532a	identity.sign_in	session:01a21617-f6fb-708f-bc5a-9e5b7e543b12	203.0.113.7	\N	\N
57	2026-11-26 04:23:19.037168+00	user:01a21617-f6f8-774e-aacd-83186e34532a	payments.start	payment:T343CBAFB4E494B808F9	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f6fe-7545-a907-0bfe34c4cd54", "amount_minor": 100}
58	2026-11-26 04:23:19.048642+00	user:01a21617-f6f8-774e-aacd-83186e34532a	payments.start	payment:T167D61AB09234121820	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f709-7d65-8731-217aa343270e", "amount_minor": 100}
59	2026-11-26 04:23:19.067409+00	user:01a21617-f6f8-774e-aacd-83186e34532a	identity.session_ended	session:01a21617-f6fa-762e-902c-4cc70770473e	::1	\N	{"why": "signed_out"}
60	2026-11-26 04:23:19.067409+00	user:01a21617-f6f8-774e-aacd-83186e34532a	identity.session_ended	session:01a21617-f6fa-7eca-ae44-2f2bc0fce058	::1	\N	{"why": "signed_out"}
61	2026-11-26 04:23:19.067409+00	user:01a21617-f6f8-774e-aacd-83186e34532a	identity.session_ended	session:01a21617-f6fb-708f-bc5a-9e5b7e543b12	::1	\N	{"why": "signed_out"}
62	2026-11-26 04:23:19.071555+00	test:factory	accounts.grant	account:1	\N	\N	{"role": "owner", "user_id": "01a21617-f71f-7659-88e9-b429a69d9498"}
63	2026-11-26 04:23:19.071555+00	user:01a21617-f71f-7659-88e9-b429a69d9498	identity.sign_in	session:01a21617-f720-741c-bf43-4eaf75259f85	203.0.113.7	\N	\N
64	2026-11-26 04:23:19.071555+00	user:01a21617-f71f-7659-88e9-b429a69d9498	identity.sign_in	session:01a21617-f721-7a09-ab28-9d87820cdbd2	203.0.113.7	\N	\N
65	2026-11-26 04:23:19.071555+00	user:01a21617-f71f-7659-88e9-b429a69d9498	identity.sign_in	session:01a21617-f721-7ab8-a3bb-3aaf9f962096	203.0.113.7	\N	\N
66	2026-11-26 04:23:19.075654+00	user:01a21617-f71f-7659-88e9-b429a69d9498	payments.start	payment:T45272328408C456CAE1	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f724-7af6-b026-60437ac82a7b", "amount_minor": 100}
67	2026-11-26 04:23:19.089462+00	user:01a21617-f71f-7659-88e9-b429a69d9498	payments.start	payment:T5A33F246EA024EA6BE8	203.0.113.7	\N	{"method": "wechat_native", "currency": "CNY", "account_id": 1, "attempt_id": "01a21617-f732-7ef5-adc8-4dc17061c251", "amount_minor": 100}
68	2026-11-26 04:23:19.121398+00	user:01a21617-f630-7caa-b987-69d730120e39	identity.sign_in	session:01a21617-f751-7920-afce-8df6f6b29931	203.0.113.7	\N	\N
69	2026-11-26 04:23:19.153156+00	user:01a21617-f5d9-78d8-a7f5-51d4f27a19b6	identity.sign_in	session:01a21617-f771-74ef-b91e-d3b66ae70438	203.0.113.7	\N	\N
70	2026-11-26 04:23:19.168963+00	user:01a21617-f60c-7300-8afa-a71056619808	identity.sign_in	session:01a21617-f781-710b-b9ea-f7d6b669ee55	203.0.113.7	\N	\N
\.


--
-- Data for Name: balance; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.balance (book_id, code, asset, balance, version, floor) FROM stdin;
1	4100	156	11474	1	\N
1	2500	156	1286	1	\N
1	2400	156	100	1	\N
2	4100	156	11474	1	\N
2	2500	156	1286	1	\N
2	2400	156	100	1	\N
3	4100	156	11474	1	\N
3	2500	156	1286	1	\N
3	2400	156	100	1	\N
2	1100	156	12760	4	\N
2	1200	156	100	1	\N
3	1100	156	12760	4	\N
3	1200	156	100	1	\N
1	1200	156	800	8	\N
1	1100	156	12060	11	\N
\.


--
-- Data for Name: bill; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.bill (account_id, id, bill_no, period_first, period_end, issue_date, due_date, energy_kwh, amount_minor, open_minor, state, origin, posting_id, opening_run_id) FROM stdin;
1	1	B700000000101	2026-03-01	2026-04-01	2026-06-03	2026-06-25	230.500	9900	0	settled	history	\N	\N
2	3	B700000000201	2026-03-01	2026-04-01	2026-06-03	2026-06-25	230.500	9900	0	settled	history	\N	\N
3	5	B700000000301	2026-03-01	2026-04-01	2026-06-03	2026-06-25	230.500	9900	0	settled	history	\N	\N
2	4	B700000000202	2026-05-01	2026-06-01	2026-06-03	2026-06-25	230.500	12860	12760	issued	issued	01a21617-f5a4-77cc-83a9-c6024afb0f52	\N
3	6	B700000000302	2026-05-01	2026-06-01	2026-06-03	2026-06-25	230.500	12860	12760	issued	issued	01a21617-f5cb-716b-afcc-65ac502a3a15	\N
1	2	B700000000102	2026-05-01	2026-06-01	2026-06-03	2026-06-25	230.500	12860	12060	issued	issued	01a21617-f566-7cb2-bfd7-b28f1a730ff5	\N
\.


--
-- Data for Name: bill_line; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.bill_line (account_id, bill_id, line_no, code, quantity, unit, unit_price, amount_minor) FROM stdin;
1	1	1	1	230.500	kWh	0.54690000	8810
1	1	2	40	\N	\N	\N	100
1	1	3	60	\N	\N	\N	990
1	2	1	1	230.500	kWh	0.54690000	11474
1	2	2	40	\N	\N	\N	100
1	2	3	60	\N	\N	\N	1286
2	3	1	1	230.500	kWh	0.54690000	8810
2	3	2	40	\N	\N	\N	100
2	3	3	60	\N	\N	\N	990
2	4	1	1	230.500	kWh	0.54690000	11474
2	4	2	40	\N	\N	\N	100
2	4	3	60	\N	\N	\N	1286
3	5	1	1	230.500	kWh	0.54690000	8810
3	5	2	40	\N	\N	\N	100
3	5	3	60	\N	\N	\N	990
3	6	1	1	230.500	kWh	0.54690000	11474
3	6	2	40	\N	\N	\N	100
3	6	3	60	\N	\N	\N	1286
\.


--
-- Data for Name: bill_line_code; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.bill_line_code (id, code, ledger_code) FROM stdin;
1	energy	revenue.energy
2	energy.sharp	revenue.energy
3	energy.peak	revenue.energy
4	energy.flat	revenue.energy
5	energy.valley	revenue.energy
6	energy.deep_valley	revenue.energy
7	energy.tier1	revenue.energy
8	energy.tier2	revenue.energy
9	energy.tier3	revenue.energy
20	demand	revenue.demand
21	power_factor	revenue.power_factor
22	fixed	revenue.fixed
23	late_fee	revenue.late_fee
29	other	revenue.other
40	funds.renewable_energy	funds.renewable_energy
41	funds.reservoir_resettlement	funds.reservoir_resettlement
42	funds.water_projects	funds.water_projects
49	funds.other	funds.other
60	tax.vat	tax.vat
61	tax.electricity	tax.electricity
69	tax.other	tax.other
\.


--
-- Data for Name: bill_settlement; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.bill_settlement (account_id, bill_id, id, payment_id, amount_minor, settled_at) FROM stdin;
2	4	1	01a21617-f5fb-7632-b5ac-4739d68536d2	100	2026-11-26 04:23:18.792444+00
3	6	2	01a21617-f622-78e6-99fa-c2f11c3bb352	100	2026-11-26 04:23:18.83048+00
1	2	3	01a21617-f645-7300-8162-4a4c44178c2d	100	2026-11-26 04:23:18.867385+00
1	2	4	01a21617-f669-739f-893f-b87574bd5347	100	2026-11-26 04:23:18.900866+00
1	2	5	01a21617-f68c-771d-90d6-5c135a030ff9	100	2026-11-26 04:23:18.935532+00
1	2	6	01a21617-f6b4-7c86-87fe-fbb9fd6a29bc	100	2026-11-26 04:23:18.974197+00
1	2	7	01a21617-f6d1-7ef6-8705-df6fe3d2daa4	100	2026-11-26 04:23:19.003242+00
1	2	8	01a21617-f6ed-7785-a750-7d4c6a003f79	100	2026-11-26 04:23:19.030676+00
1	2	9	01a21617-f709-7d65-8731-217aa343270e	100	2026-11-26 04:23:19.06512+00
1	2	10	01a21617-f732-7ef5-adc8-4dc17061c251	100	2026-11-26 04:23:19.100526+00
\.


--
-- Data for Name: book; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.book (id, owner_kind, owner_id, version) FROM stdin;
2	account	2	2
3	account	3	2
1	account	1	9
\.


--
-- Data for Name: claim; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.claim (kind, key, owner) FROM stdin;
bill_no	B700000000101	1
bill_no	B700000000102	1
bill_no	B700000000201	2
bill_no	B700000000202	2
bill_no	B700000000301	3
bill_no	B700000000302	3
payment_no	T314C35A6624F40AFAE3	01a21617-f5e5-79c0-b4be-3a793b31d07e
out_trade_no	F37QJ73MHJX7MW226X1MK3QFH3	01a21617-f5e6-7963-9112-80bc7750a4cd
payment_no	TE544F6D66D1441B3BB4	01a21617-f5fa-7060-bafa-9ab550d77e9e
out_trade_no	2PRFNRBVFPVWFBGWRPXJ1BXN1Y	01a21617-f5fb-7632-b5ac-4739d68536d2
wechat_pay.transaction	4261533208108491355100277799	01a21617-f5fb-7632-b5ac-4739d68536d2
payment_no	TC38592799D0D4305981	01a21617-f613-70be-89ac-44396f1bf8a1
out_trade_no	F71DZJT2SKNPDJNWKZCN41MY8D	01a21617-f614-7376-ac2a-808ec76ee732
payment_no	T5CDD8FEE1EB3438B9F8	01a21617-f622-7ca1-bece-ebe1075df453
out_trade_no	DZQMNJG8F9PFD9XE42CVT9NJG4	01a21617-f622-78e6-99fa-c2f11c3bb352
wechat_pay.transaction	4232939964787064086979855410	01a21617-f622-78e6-99fa-c2f11c3bb352
payment_no	T8E08422DB8A542E2B57	01a21617-f636-7d6c-adb1-a9643b01e33c
out_trade_no	MXY4FAVME73DZKTWAZ4VS967KP	01a21617-f637-7147-8fbd-85093e835f01
payment_no	TE878F33B9C334C53B41	01a21617-f645-734a-ba71-e5605f4e5046
out_trade_no	GK92MQ98R73MD8X92DY0J5C16R	01a21617-f645-7300-8162-4a4c44178c2d
wechat_pay.transaction	4229102884403291793913530058	01a21617-f645-7300-8162-4a4c44178c2d
payment_no	TA3C897BA0D4E46B9B89	01a21617-f65b-7846-8f76-4a887f1eeb9e
out_trade_no	7EY0ZDRFD6MY8W9WGZ14S9PNKE	01a21617-f65c-7660-8262-4bf6d879f184
payment_no	TA27A24B9E9A847DF9F1	01a21617-f668-773a-8b3a-8fbda154ae9b
out_trade_no	S2YQ1BMBMFE2HXAV350QF7NERM	01a21617-f669-739f-893f-b87574bd5347
wechat_pay.transaction	4234223129198492407997946223	01a21617-f669-739f-893f-b87574bd5347
payment_no	T37A14B44068541D38CC	01a21617-f67f-7534-a534-82187104e606
out_trade_no	1EB1NJY2PMM00ZGAZ868X2098E	01a21617-f67f-7831-bc8e-7c49b0259d13
payment_no	TD0C565FE922B499F878	01a21617-f68b-778b-a322-d84b535c12a4
out_trade_no	CZA4S3G7KAE5PJ56NX09BKMW4K	01a21617-f68c-771d-90d6-5c135a030ff9
wechat_pay.transaction	4226540372594654603371783464	01a21617-f68c-771d-90d6-5c135a030ff9
payment_no	T4EAD777A7B564E2187A	01a21617-f6a4-7df2-81f6-da43c8adc8b9
out_trade_no	1PKEF6YVKX3BAAWW58VAWR1X00	01a21617-f6a5-766c-b4b5-7d7ed06c50e1
payment_no	T7673936CCA9347B6961	01a21617-f6b3-70c9-b75d-99524ae0af97
out_trade_no	MJMG9F44KGSHK3R7XK578M2H9K	01a21617-f6b4-7c86-87fe-fbb9fd6a29bc
wechat_pay.transaction	4298947422532513104098461583	01a21617-f6b4-7c86-87fe-fbb9fd6a29bc
payment_no	TE3CE26A14C4446E6938	01a21617-f6c6-7705-b8eb-deaf277a8860
out_trade_no	0E9MB0EF3W1NR4HQC871BY671W	01a21617-f6c6-7adf-9e37-b5096edd24e6
payment_no	TF14FFC0AD8384C41B88	01a21617-f6d1-752f-947e-a6eced75ed61
out_trade_no	WKY9QN2B6ED4NRDEKQFFG5DJ5Q	01a21617-f6d1-7ef6-8705-df6fe3d2daa4
wechat_pay.transaction	4211076125541748007571345496	01a21617-f6d1-7ef6-8705-df6fe3d2daa4
payment_no	T8BE6808913434F62B50	01a21617-f6e2-727d-905d-7c09df5e5791
out_trade_no	GNN0A8AK5VGRZG3HF9703GY6T3	01a21617-f6e2-7790-b855-f17a07e5e43c
payment_no	TB50B89D83C354B2EAEF	01a21617-f6ec-79a9-921c-6bf34fa867c0
out_trade_no	WGXYFWDD7Y2MB0SWT77DX8BRZ2	01a21617-f6ed-7785-a750-7d4c6a003f79
wechat_pay.transaction	4257515588975330017670873984	01a21617-f6ed-7785-a750-7d4c6a003f79
payment_no	T343CBAFB4E494B808F9	01a21617-f6fd-76fd-ac11-370ce53a2e58
out_trade_no	2VG7CJ6ZHKGY4QV15K6X5CWS8P	01a21617-f6fe-7545-a907-0bfe34c4cd54
payment_no	T167D61AB09234121820	01a21617-f709-7d8e-986c-504b2ceaaec4
out_trade_no	YNMT5ASCS1RX97MBV4E4S6DGAH	01a21617-f709-7d65-8731-217aa343270e
wechat_pay.transaction	4253589734893570648891862558	01a21617-f709-7d65-8731-217aa343270e
payment_no	T45272328408C456CAE1	01a21617-f724-7552-b13f-caf6b3d6c212
out_trade_no	CA9P9SH2VCA884YPDQHC96CDP0	01a21617-f724-7af6-b026-60437ac82a7b
payment_no	T5A33F246EA024EA6BE8	01a21617-f732-7d7e-92f4-1c4172b611a7
out_trade_no	R433NPQGR3GQ2MX5RZ135SNP1C	01a21617-f732-7ef5-adc8-4dc17061c251
wechat_pay.transaction	4200157780877957858837361354	01a21617-f732-7ef5-adc8-4dc17061c251
\.


--
-- Data for Name: contact_point; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.contact_point (customer_id, id, kind, address_sealed, address_blind, address_masked, locale) FROM stdin;
\.


--
-- Data for Name: customer; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.customer (id, customer_no, kind, name_sealed, name_masked, tokens, fingerprint) FROM stdin;
1	C7000000001	person	\\x0101616dd97897bf4719bbda32446590dbd278bb0b70cff680d153af9cd4802f6ae4cf24294da9f9	**明	{"\\\\x930bb5beb774cfa948702820b0cd373b","\\\\xf13322dba62f8e895041e6d1a9364300","\\\\xcab5dfbc6a88370ef7f645a4b8556dba"}	\\x
2	C7000000002	person	\\x01016133354f81e4284310c1053edaf66f0cca4fe84996a02e5a14cc5e8562b9b0c8a3dd0207e093	**明	{"\\\\x930bb5beb774cfa948702820b0cd373b","\\\\xf13322dba62f8e895041e6d1a9364300","\\\\xcab5dfbc6a88370ef7f645a4b8556dba"}	\\x
3	C7000000003	person	\\x010161e6749a4aa3be9dea5a6b45c3a7aa21988c482db00922bd837f51660011e318af26a3610102	**明	{"\\\\x930bb5beb774cfa948702820b0cd373b","\\\\xf13322dba62f8e895041e6d1a9364300","\\\\xcab5dfbc6a88370ef7f645a4b8556dba"}	\\x
\.


--
-- Data for Name: idempotency; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.idempotency (caller, route, key, request_hash, resource, status, answer, created_at, leased_until, run) FROM stdin;
\.


--
-- Data for Name: import_reject; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.import_reject (run_id, row_no, field, reason) FROM stdin;
\.


--
-- Data for Name: import_run; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.import_run (id, kind, file_digest, rows_done, rows_rejected, started_at, finished_at) FROM stdin;
\.


--
-- Data for Name: inbox; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.inbox (id, source, external_id, body, received_at, applied_at, due_at, attempts, error) FROM stdin;
\.


--
-- Data for Name: ledger_asset; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ledger_asset (asset, name) FROM stdin;
1	PTS
8	ALL
12	DZD
32	ARS
36	AUD
44	BSD
48	BHD
50	BDT
51	AMD
96	BND
104	MMK
116	KHR
124	CAD
144	LKR
152	CLP
156	CNY
170	COP
188	CRC
203	CZK
208	DKK
230	ETB
242	FJD
320	GTQ
344	HKD
348	HUF
352	ISK
356	INR
360	IDR
364	IRR
368	IQD
376	ILS
388	JMD
392	JPY
398	KZT
400	JOD
404	KES
410	KRW
414	KWD
417	KGS
418	LAK
422	LBP
434	LYD
446	MOP
458	MYR
462	MVR
480	MUR
484	MXN
496	MNT
498	MDL
504	MAD
512	OMR
516	NAD
524	NPR
554	NZD
566	NGN
578	NOK
586	PKR
590	PAB
598	PGK
600	PYG
604	PEN
608	PHP
634	QAR
643	RUB
646	RWF
682	SAR
702	SGD
704	VND
710	ZAR
752	SEK
756	CHF
764	THB
780	TTD
784	AED
788	TND
800	UGX
807	MKD
818	EGP
826	GBP
834	TZS
840	USD
858	UYU
860	UZS
901	TWD
941	RSD
944	AZN
946	RON
949	TRY
950	XAF
952	XOF
967	ZMW
971	AFN
972	TJS
975	BGN
977	BAM
978	EUR
980	UAH
981	GEL
985	PLN
986	BRL
\.


--
-- Data for Name: ledger_check; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ledger_check (name, next_from, found, started_at, violations, finished_at) FROM stdin;
\.


--
-- Data for Name: ledger_code; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ledger_code (code, name, floor) FROM stdin;
1100	receivable	\N
1200	clearing.wechat_pay	\N
1201	clearing.alipay	\N
1202	clearing.card	\N
1203	clearing.cash	\N
1300	bank	\N
1900	transfer	\N
2100	prepaid	0
2200	suspense	\N
2300	refund.wechat_pay	\N
2301	refund.alipay	\N
2302	refund.card	\N
2303	refund.cash	\N
2400	funds.renewable_energy	\N
2401	funds.reservoir_resettlement	\N
2402	funds.water_projects	\N
2499	funds.other	\N
2500	tax.vat	\N
2501	tax.electricity	\N
2599	tax.other	\N
2900	points.balance	0
3100	opening	\N
4100	revenue.energy	\N
4101	revenue.demand	\N
4102	revenue.power_factor	\N
4103	revenue.fixed	\N
4104	revenue.late_fee	\N
4199	revenue.other	\N
4900	points.spent	\N
4901	points.expired	\N
5100	fee.wechat_pay	\N
5101	fee.alipay	\N
5102	fee.card	\N
5103	fee.cash	\N
5900	points.expense	\N
\.


--
-- Data for Name: ledger_horizon; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ledger_horizon (id, horizon, candidate, candidate_xid) FROM stdin;
1	-infinity	\N	\N
\.


--
-- Data for Name: ledger_rollup; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ledger_rollup (code, asset, balance) FROM stdin;
\.


--
-- Data for Name: link_failure; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.link_failure (id, user_id, account_no, failed_at) FROM stdin;
\.


--
-- Data for Name: message; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.message (owner, id, channel, intent, template, priority, params, locale, link, state, address_sealed, address_blind, address_masked, attempts, due_at, lease_token, provider_ref, error_code, created_at, expires_at, accepted_at, finished_at, read_at) FROM stdin;
user:01a21617-f5d9-78d8-a7f5-51d4f27a19b6	01a21617-f5e0-7e55-a2bb-07408ee8cfd8	inbox	test:2ba255aa-902f-42de-9178-deb09481386d	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:18.753024+00	2026-11-27 04:23:18.753024+00	2026-11-26 04:23:18.753024+00	2026-11-26 04:23:18.753024+00	\N
user:01a21617-f60c-7300-8afa-a71056619808	01a21617-f611-7e60-b8de-98a6f658ddfb	inbox	test:65f59ede-fd49-49c9-8ea8-c00ef24f41a5	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:18.801236+00	2026-11-27 04:23:18.801236+00	2026-11-26 04:23:18.801236+00	2026-11-26 04:23:18.801236+00	\N
user:01a21617-f630-7caa-b987-69d730120e39	01a21617-f634-746a-8867-9e8116aadbc7	inbox	test:bd0898c4-942c-45d1-88b2-9b92ff3f3b4d	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:18.836495+00	2026-11-27 04:23:18.836495+00	2026-11-26 04:23:18.836495+00	2026-11-26 04:23:18.836495+00	\N
user:01a21617-f655-7835-94a6-854216c4d6ac	01a21617-f659-78f5-82ee-12b65a0deddb	inbox	test:ec83f625-6289-49d2-9f9d-bd0edf6dffdb	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:18.873547+00	2026-11-27 04:23:18.873547+00	2026-11-26 04:23:18.873547+00	2026-11-26 04:23:18.873547+00	\N
user:01a21617-f678-7ae5-9fc2-1d32ba961eac	01a21617-f67c-7119-a811-54e7f9ba7504	inbox	test:4c05142d-3f7f-45ea-a13c-e605dada0e00	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:18.908787+00	2026-11-27 04:23:18.908787+00	2026-11-26 04:23:18.908787+00	2026-11-26 04:23:18.908787+00	\N
user:01a21617-f69a-7536-89a4-215dc2ea98d1	01a21617-f69d-7201-8512-eb3f26f7f0f8	inbox	test:fe7f38f0-d23d-4200-91a3-ca2394cbc5e0	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:18.941699+00	2026-11-27 04:23:18.941699+00	2026-11-26 04:23:18.941699+00	2026-11-26 04:23:18.941699+00	\N
user:01a21617-f6c0-7527-b944-24bb5e8f6377	01a21617-f6c4-7c69-a05b-8cdffcc8805d	inbox	test:da7067e7-62d7-4f4f-95c3-4edf6e77d23b	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:18.980364+00	2026-11-27 04:23:18.980364+00	2026-11-26 04:23:18.980364+00	2026-11-26 04:23:18.980364+00	\N
user:01a21617-f6dd-761a-98cd-46c22bf9480f	01a21617-f6e0-7e2a-a30c-5b342edd0a94	inbox	test:26377b3f-c19b-4b5b-8159-79a3e282c2d0	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:19.00902+00	2026-11-27 04:23:19.00902+00	2026-11-26 04:23:19.00902+00	2026-11-26 04:23:19.00902+00	\N
user:01a21617-f6f8-774e-aacd-83186e34532a	01a21617-f6fc-7f10-9602-7aa3ccce36a8	inbox	test:ae39a94a-2433-4192-8b62-64dbd4cf203c	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:19.036322+00	2026-11-27 04:23:19.036322+00	2026-11-26 04:23:19.036322+00	2026-11-26 04:23:19.036322+00	\N
user:01a21617-f71f-7659-88e9-b429a69d9498	01a21617-f722-730b-ac0c-b135542a1972	inbox	test:9b1c353d-28e5-455c-b9de-01e2fa4ca3cd	payment_receipt	0	{"amount": {"money": [12840, "CNY"]}, "account": "****0017", "paid_at": "2026-06-15", "payment_no": "P7K2M9QX4D"}	zh-CN	/payments/P7K2M9QX4D/receipt	delivered	\N	\N	\N	0	\N	\N	\N	\N	2026-11-26 04:23:19.074801+00	2026-11-27 04:23:19.074801+00	2026-11-26 04:23:19.074801+00	2026-11-26 04:23:19.074801+00	\N
\.


--
-- Data for Name: message_attempt; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.message_attempt (id, owner, message_id, attempt_no, provider, started_at) FROM stdin;
\.


--
-- Data for Name: message_finding; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.message_finding (attempt_id, id, source, finding, code, provider_ref, request_ref, learned_at) FROM stdin;
\.


--
-- Data for Name: meter; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.meter (id, meter_no, account_id) FROM stdin;
1	M0000001	1
2	M0000002	2
3	M0000003	3
\.


--
-- Data for Name: otp_challenge; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.otp_challenge (id, phone_blind, device_blind, purpose, code_hash, state, tries, sending, created_at, expires_at) FROM stdin;
\.


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.outbox (id, kind, book_id, ref, payload, created_at, due_at, attempts, error) FROM stdin;
1	3	\N	\N	{"bill_id": 2, "account_id": 1}	2026-11-26 04:23:18.609445+00	2026-11-26 04:23:18.609445+00	0	\N
2	3	\N	\N	{"bill_id": 4, "account_id": 2}	2026-11-26 04:23:18.681389+00	2026-11-26 04:23:18.681389+00	0	\N
3	3	\N	\N	{"bill_id": 6, "account_id": 3}	2026-11-26 04:23:18.722943+00	2026-11-26 04:23:18.722943+00	0	\N
4	1	\N	\N	{"order_id": "01a21617-f5fa-7060-bafa-9ab550d77e9e", "attempt_id": "01a21617-f5fb-7632-b5ac-4739d68536d2"}	2026-11-26 04:23:18.792685+00	2026-11-26 04:23:18.792685+00	0	\N
5	1	\N	\N	{"order_id": "01a21617-f622-7ca1-bece-ebe1075df453", "attempt_id": "01a21617-f622-78e6-99fa-c2f11c3bb352"}	2026-11-26 04:23:18.830607+00	2026-11-26 04:23:18.830607+00	0	\N
6	1	\N	\N	{"order_id": "01a21617-f645-734a-ba71-e5605f4e5046", "attempt_id": "01a21617-f645-7300-8162-4a4c44178c2d"}	2026-11-26 04:23:18.867561+00	2026-11-26 04:23:18.867561+00	0	\N
7	1	\N	\N	{"order_id": "01a21617-f668-773a-8b3a-8fbda154ae9b", "attempt_id": "01a21617-f669-739f-893f-b87574bd5347"}	2026-11-26 04:23:18.900995+00	2026-11-26 04:23:18.900995+00	0	\N
8	1	\N	\N	{"order_id": "01a21617-f68b-778b-a322-d84b535c12a4", "attempt_id": "01a21617-f68c-771d-90d6-5c135a030ff9"}	2026-11-26 04:23:18.935657+00	2026-11-26 04:23:18.935657+00	0	\N
9	1	\N	\N	{"order_id": "01a21617-f6b3-70c9-b75d-99524ae0af97", "attempt_id": "01a21617-f6b4-7c86-87fe-fbb9fd6a29bc"}	2026-11-26 04:23:18.974326+00	2026-11-26 04:23:18.974326+00	0	\N
10	1	\N	\N	{"order_id": "01a21617-f6d1-752f-947e-a6eced75ed61", "attempt_id": "01a21617-f6d1-7ef6-8705-df6fe3d2daa4"}	2026-11-26 04:23:19.003365+00	2026-11-26 04:23:19.003365+00	0	\N
11	1	\N	\N	{"order_id": "01a21617-f6ec-79a9-921c-6bf34fa867c0", "attempt_id": "01a21617-f6ed-7785-a750-7d4c6a003f79"}	2026-11-26 04:23:19.030811+00	2026-11-26 04:23:19.030811+00	0	\N
12	1	\N	\N	{"order_id": "01a21617-f709-7d8e-986c-504b2ceaaec4", "attempt_id": "01a21617-f709-7d65-8731-217aa343270e"}	2026-11-26 04:23:19.065275+00	2026-11-26 04:23:19.065275+00	0	\N
13	8	\N	\N	{"why": "signed_out", "user_id": "01a21617-f6f8-774e-aacd-83186e34532a", "session_id": "01a21617-f6fa-762e-902c-4cc70770473e"}	2026-11-26 04:23:19.067409+00	2026-11-26 04:23:19.067409+00	0	\N
14	8	\N	\N	{"why": "signed_out", "user_id": "01a21617-f6f8-774e-aacd-83186e34532a", "session_id": "01a21617-f6fa-7eca-ae44-2f2bc0fce058"}	2026-11-26 04:23:19.067409+00	2026-11-26 04:23:19.067409+00	0	\N
15	8	\N	\N	{"why": "signed_out", "user_id": "01a21617-f6f8-774e-aacd-83186e34532a", "session_id": "01a21617-f6fb-708f-bc5a-9e5b7e543b12"}	2026-11-26 04:23:19.067409+00	2026-11-26 04:23:19.067409+00	0	\N
16	1	\N	\N	{"order_id": "01a21617-f732-7d7e-92f4-1c4172b611a7", "attempt_id": "01a21617-f732-7ef5-adc8-4dc17061c251"}	2026-11-26 04:23:19.100649+00	2026-11-26 04:23:19.100649+00	0	\N
\.


--
-- Data for Name: payment_attempt; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_attempt (id, order_id, no, provider, method, out_trade_no, amount_minor, currency, state, request_sealed, request_hash, chosen_nos, answer, refused_reason, transaction_id, created_at, expires_at, paid_at, next_check_at, asked_at, checks, failures) FROM stdin;
01a21617-f5e6-7963-9112-80bc7750a4cd	01a21617-f5e5-79c0-b4be-3a793b31d07e	1	wechat_pay	wechat_native	F37QJ73MHJX7MW226X1MK3QFH3	100	CNY	prepared	\\x010161cb0ae2e44e10cbb43a6ed464136cb7503da55eda790187c237590af342900ef5d91724f46aedc22baf9925ec773018d954b92708eef8400d823beddf3d6525150a7109ce1de411603e1dbc2bb98d697c9053a1067604935594594a7bbf558cdc597d29fe108ef6e5fcdd6a9993907970c2ff46241120f045a8ebee11122826fd7eed6b6de53471c94fdd6e046bd1dcf1ee6f04efdd05c3ab601ba8c0640fcc2b415d989dac9f254c3d29c52d28700665da2b410d71e2e9359bc979130a87ac88c319ac661d286b2fa9358aff6ebeb3e6f7b8b8bcd71acb28b647c188e31c3d89b9aaba9dfb1075f7839bc12190d1ec1d809eb303b13d13174e353c8152735e211b240977205b17dd950217746eddb4c9805ec579bb57ccaf9740b4a385f2976307	\\x6d4b8eb01f52fa1e0f9da1cb5c0fdba018978ea97b7874b77c9b2d6037ee3d44	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=o98fLskDtYUNQaDJufB9fZ90"}	\N	\N	2026-11-26 04:23:18.754455+00	2026-11-26 04:53:18.754455+00	\N	2026-11-26 04:23:33.754455+00	\N	0	0
01a21617-f5fb-7632-b5ac-4739d68536d2	01a21617-f5fa-7060-bafa-9ab550d77e9e	1	wechat_pay	wechat_native	2PRFNRBVFPVWFBGWRPXJ1BXN1Y	100	CNY	paid	\\x010161847705a0ed8bd37cec48b87ba60cfc41207fa92edf53fb35c81a13ed5a385e6d3ae7b90c9770c36b02dd095ee2e30f1fd7209d2683243a9b51f94389b49ecc12219c209fe23db515dbd0facb1fb5e2a15986ada68a27ee25beab91c38c4754c12eab0ee4e0de43052b6fe1a009213b4b5cea68a8345810106ea6131bf1b524ef26ccf897d0292da92adb096371fcc7dae6b2bbd9e5b2b89bf9b6e235e6044570793c363982cf6b01337ca91413254a9dccbdf6685af03b5f34bdd9613cceb5c490b2233cd7afdb672e399811fdb7cf89b9f477b4d263ff1a561e2d6930e8beb082bf44f3b56510e334544c2d6f18a674287d09e33db6ea54a70e07c83719b97e78650fd2b16379d1f10f94970191583b6a2a12fcced548f90ba4d5fb6157ac9292	\\x830ae261f01204f9505ba0e0f6411853753b417a1ad5e1c7506b03da1f51f1b9	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=qBxM_Kjn1n2rAMdwns2GhA2d"}	\N	4261533208108491355100277799	2026-11-26 04:23:18.776979+00	2026-11-26 04:53:18.776979+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f614-7376-ac2a-808ec76ee732	01a21617-f613-70be-89ac-44396f1bf8a1	1	wechat_pay	wechat_native	F71DZJT2SKNPDJNWKZCN41MY8D	100	CNY	prepared	\\x010161330c5047b82e71c9a322075c508d24d26ce73f4055ed1a56c52e9d3551bca8749f9cfc48196300c0e11f6ff6b2e95a4ec91be48d47e4e80f79f67570ba45f2f8da0ac96d4bac4794cc64542ee92b7c185ac7fe01fb4200846482345f64f4065525fe29ab1aad49acd184b888dcfbf5e894dcf593d790dda9ecc2bb333f3aa4d927aea46246c5d201aa3470b3219f9b359d0f5fefc33d5f55868a08bce6f276c7f8dc3a24616a67da6e7d5981cfc8c4231003bbc6c527315bd30b2de2627fcbaabbf50c25059cee7c965410491f761194b55d6d3e670da6dd98fafd94a67624a63c78cf3c77247f3fd26e2c9b891828faf7cbd01a12a5d92e60809f32b6deafab35bdd1778b6a5802751cd1cfd06929e6861fe759c9751fbfd7e78dac641cdfe45d	\\xbd330ea23aa288e135ed0668d260bd8425c0b7159f7a79d06a8af7ac142f96e9	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=cgt4CyWKQ5dk_e7z64rXjihv"}	\N	\N	2026-11-26 04:23:18.801986+00	2026-11-26 04:53:18.801986+00	\N	2026-11-26 04:23:33.801986+00	\N	0	0
01a21617-f622-78e6-99fa-c2f11c3bb352	01a21617-f622-7ca1-bece-ebe1075df453	1	wechat_pay	wechat_native	DZQMNJG8F9PFD9XE42CVT9NJG4	100	CNY	paid	\\x0101619810cec908794529ec3994f08cecf0787863e4c595996817f12d5ebc832416b83c11a36f89da360d33d45e975ff55a861efee3db8138f4b70393296232e3555665cf01aab6b9ed7af4e5c4389ce9199950c63b227112c65830f308541a16b192f32020d053fc5d1d51616cb7e50db5b7f02818171b91e434fcb72ea615a26309b1b8a4da963c51aafbd61449cb7503125472e8e670aac713df5fb0d6cd1074964db266a8de751f436d0913a6f056f7fb06f763adf113df67567de39a4a5eb1a8aa23b161a02beb09bbd796b55a4e1d8a8dfc8916c02b12dbc48b3b7b8d84da12f8e99590c22dad291abe303f5a4c57eb880af31cd6694caef371b7c442feccb6d46a909619e47d8af29a5a3863c5ca5c217c2b1759da0d79406da5e9a47d80a412	\\x7dfd45bf6ab50fdef27562dcc5e79d13d71f954e990fcf5e1267d7e285f5e545	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=hqjIsdszk76IxI0KrFhed8y6"}	\N	4232939964787064086979855410	2026-11-26 04:23:18.816639+00	2026-11-26 04:53:18.816639+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f637-7147-8fbd-85093e835f01	01a21617-f636-7d6c-adb1-a9643b01e33c	1	wechat_pay	wechat_native	MXY4FAVME73DZKTWAZ4VS967KP	100	CNY	prepared	\\x010161f2b9e7d96fa75ead607a679ba290ff32ef7c8f0f695537deabe0f3530e4a22541b9aad484bf77e1f3bc7b066937b93d7d1b8bec3debad8ef099ce7caabe3c77061d91b002fac3555a3476891790b67155dfdf7a5e721f7d4be28242e591ebd13388ce59343039514efb6502be6afbd2bc7d6dcec233f47f878a062e13b1ceffc2cb1cbdb181901f68a71c7fef44586e92853307d68a4b1186831e7de4df312cc82413cfa77e88f65cd3abbc582ccd41f9f704596b4cc90b0be9e79649593ede7a8ba2c21eba52d1eb60e29c7aab093149740972073a3d593f5405535241f0552fbe2f31dbb317a660e0b2f3f91730ce8e86ba8c4340b19c954f174fff449d7a18ee66fc938fb1ae06b5258a1f15509691ca3e649c2aec05292e7138c2284ad50e2	\\xd392e55160a17c0112a45a8680e4fdb086b1bf1a88e66df8a960276a7cfbe8a9	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=FvYT_lYKYSFP2eE5y4sNLoBi"}	\N	\N	2026-11-26 04:23:18.83719+00	2026-11-26 04:53:18.83719+00	\N	2026-11-26 04:23:33.83719+00	\N	0	0
01a21617-f645-7300-8162-4a4c44178c2d	01a21617-f645-734a-ba71-e5605f4e5046	1	wechat_pay	wechat_native	GK92MQ98R73MD8X92DY0J5C16R	100	CNY	paid	\\x010161e57f1d3e551491e66899defbb7b887f0ba9838f6f0185ec7045908b95d7c51a001a290afa38a34824f137473a4f8a2f48603da657fe27e26ddb1d60007f76e1fe265c22b5a31425f7ee20ee0e7ee92fb23979565c1166fb4809924ace87cbd10c12a9780dae3e55d0afeeb741535995b976a249cf0c8e5c461528089fe636892f2879a48ce45d4bb98498caec4cae1dbc3022d6cc737551e036963cc031cffbbc147806068079afebdb0ef99bc429a688a1caf04b086e44fd750bb9cb01a3be8f823e3329027c5959ca712c3fc555d5e446aff4f7d49dbd9073ac1c87d621e74ccece9a71ebd8a5d90f926f39e381eb3af3bac1cf078833c0cb9903b03906f47330258903f40dd9732d491d82500bb40631379d80411a85225bd649ba2b569b263	\\x42b1835ee71aaad01db22404c5635d29e47c4d408b590d004272ab1d2d03f81c	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=wZMmhGUtMNgu6uM1moB-010m"}	\N	4229102884403291793913530058	2026-11-26 04:23:18.85162+00	2026-11-26 04:53:18.85162+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f65c-7660-8262-4bf6d879f184	01a21617-f65b-7846-8f76-4a887f1eeb9e	1	wechat_pay	wechat_native	7EY0ZDRFD6MY8W9WGZ14S9PNKE	100	CNY	prepared	\\x0101618d606bfa2ae9df8f83f34c3b5cb80528964fdedddc739bda5e53f275a07280e057466fae4bc1e7a941019c67a5b1eea17d5e06af59fbe68f667dafba6e41dd5e18856724172bfa48bc38cc1cb2edaa6289f616641aba71c1a850a8c0c51a008f03ca8b6b2ed11583a75e8eb81c058e9bc27e897ba0a8fe4dbc4b3767fce964046054965a6c604de3ba163237f76bbde9779d90588a694256872d8ea6b14613503960ec178d42f0a8abb572bde35a759d3979402ec05c797955d55c3e81a4ed22508ca0ec92b87534c5371a57af2af8d098d5da73bfc706db4d4386036bc6a8065360d4c551e3b9c5aa8de3132b8f36ea6605f90d98d872dde6b97de71e93c22d713c8cf6f6f9b02b621be8827b402a1225677d2c9215a112e42a60688b8fdfb3b8	\\x2cf3fe228aaa14e1942e48dc850aa9cd9a685721b8570f1637d8fbfdb4cb7b82	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=PPjfsGeZxmTqElxCNmnbA8zh"}	\N	\N	2026-11-26 04:23:18.874347+00	2026-11-26 04:53:18.874347+00	\N	2026-11-26 04:23:33.874347+00	\N	0	0
01a21617-f669-739f-893f-b87574bd5347	01a21617-f668-773a-8b3a-8fbda154ae9b	1	wechat_pay	wechat_native	S2YQ1BMBMFE2HXAV350QF7NERM	100	CNY	paid	\\x0101619213b166ffa241e43263adb8a6438fbf7f4a48813e11bb29c279d9f9058f0bb633bf1d4eaf7c964a297a0c940e511d99874c5f609649ff5d9e8405e910aac638666ef507eef6b945ffa3a0c14e92d7865bf6faef2e17ea997b0c4b919c787cb81df39f389eba6108c66bffc5c32d13d1230e4f0838f2d436dc1847d0bd0e426aba53653abc0b63772b552383a91f789e7fcac8465e58f6c32ff4886f5b8807cc40b02330defa640ed53315438ac46dcc64cce7ff40eed53937cb3b38051b6e0ef3c7cb6819bb2e9d462c3e6e4e5e6951d1d28336a415a299105603079fd92253d226e487b6b22a6f61298caf28979ddc8d780b79ca39b1e8d1f3d9cd64595e769f822b8fc114078e39a22f2eeef66e9bd8ee57358f92431367fe13ef79617274fd	\\x58bad66b8a4370165cfa4f0c77e36f9fd3cd3440bf91cf69eb2849c93847f147	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=jUl-dIqk0oefIvJNt2ALg6gM"}	\N	4234223129198492407997946223	2026-11-26 04:23:18.886986+00	2026-11-26 04:53:18.886986+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f67f-7831-bc8e-7c49b0259d13	01a21617-f67f-7534-a534-82187104e606	1	wechat_pay	wechat_native	1EB1NJY2PMM00ZGAZ868X2098E	100	CNY	prepared	\\x0101617d4ad4ffe14c9094bb10b3b198caf28787d5faeef68c22b92b1c6ec961501d5b413433f28cb4b686be1fc22e7c657cf89d5814e6598bc822a17d3fb83f1ddbe204f00c0f44b29855dbfbe219131d783ea5ea9f69ded3799d518db2236540c2f1d1bdb11906e3cda7492ed8d61ff52122295f44122af6178e37e0c9b290144545ea952f4a5e72eac44268cdbe070be010a35a8ad76e3334e69a3cee38caa294a00ddea1858bcb7f398bdc4ef596deb32d4cf572a52645e53d7023ed64f99933cd3483dea3a7691c66c442a3cf9d09022791771f07b4e3d2648456ab35b07bdcadf0d37e782e8bdd6f940cfce72d3422dd82e38a504d4a5f5cdfd1d64799e6be06f7fa994d2417ac9d6d2e6412a0d201b294ed1bc8fb16aad59e5e327d4c572fc26c	\\x4d44e83f1d6373e225f22baf95e428aaae9349eca4f23b72ace0631d7ecbd9e6	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=nai54n02Q_meIRRLo9vbS5Ee"}	\N	\N	2026-11-26 04:23:18.909583+00	2026-11-26 04:53:18.909583+00	\N	2026-11-26 04:23:33.909583+00	\N	0	0
01a21617-f68c-771d-90d6-5c135a030ff9	01a21617-f68b-778b-a322-d84b535c12a4	1	wechat_pay	wechat_native	CZA4S3G7KAE5PJ56NX09BKMW4K	100	CNY	paid	\\x01016106fafaef29b6a77a1c8f9aaef88a4bf0e98ff4c3567f25d50ce76dd147f19aa717a08106f7ec1cd14d78876190b1ff85981f1cdeab4b6bd7469a2e03016702eca48c908c39067aac67eb2478052733fbf562c1c017759088a0226f5e35491cfcdfb8773de52dda6bc2cd37194e73430e268a7cac62162023a1e5dfbc0cf65248c6a2aadedd3b63bf4cdae38e8f5f905249329dd9dd1175b8443e2a52bf3cfe9d3a4878918d549f4d1f23c52a5e7f1a89f65d41ebbbf2ae65a2789e18662b9623b458ceddc9e92acba1b78cd86ff77e1fc4c02d6c4aaf7227f3e964ccc0f2fa822c304b421c259e5bdcb66e72f6ace311dc9c72cf879101b9dd927fbf8fff39cc9369d0d83497059272ee35a43961e6ab6c4588c01b458055c400cbad36bcc25d7e	\\x37d4732a133b6b01427d4beedc6ed9975839e986e9b70188e33430569e88f86f	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=enHcHAsQ3A_N0MJvPL9gpX_1"}	\N	4226540372594654603371783464	2026-11-26 04:23:18.922304+00	2026-11-26 04:53:18.922304+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f6a5-766c-b4b5-7d7ed06c50e1	01a21617-f6a4-7df2-81f6-da43c8adc8b9	1	wechat_pay	wechat_native	1PKEF6YVKX3BAAWW58VAWR1X00	100	CNY	prepared	\\x01016169b587b4c807b2aa6acf5c4ecfcae83f5c74e0fb37099accdb4326384ab7f9389494a2c756fcc6472b55ea24c9cb7b186024cc53546f5a88c3d6c5ad523b2336d3f68f983090814482876ed6933d1289d03276df5675b15ebcd6236818587e2f2c9a90bd5015f82fec17885e081e6d1312c61fc622c370a34ee71919f726d8979925bb9929f644c36eb2efb1093518125c449e10c03bef33e49c9e9fc2ee2d7d52818ce5656707e1ee9e4122c9397f80e4dbcd991f80ec541996c4f869af166c7eadae85226d334c34d4db6dd2915a646881a1a7d580393ee9feaa9b6858f5dd732f39e8f6155f58921e6f69ce78cae47b8059c0f4bc72e2b83e2d81b46e078b1ccee693ef5f18b174d7772f0a8cc243770e9af55b4777dd9faa90942602aec224	\\x1082329e32d053dd55c17f34bacf1d4d9a22f48e15dc357edf2313fda1507080	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=XLxwDbNRivgF6E3GcVyaB00b"}	\N	\N	2026-11-26 04:23:18.946915+00	2026-11-26 04:53:18.946915+00	\N	2026-11-26 04:23:33.946915+00	\N	0	0
01a21617-f6b4-7c86-87fe-fbb9fd6a29bc	01a21617-f6b3-70c9-b75d-99524ae0af97	1	wechat_pay	wechat_native	MJMG9F44KGSHK3R7XK578M2H9K	100	CNY	paid	\\x010161ad8e68c2834d84585b1484f0b5a65b39d9db0ee51df5c741eda6d9b6af41e76332a7be78e271f50c220906eccf7d9abb1d248b7ba344822773b9ed028069de64a1b4c747b7438a3aa3fa12e22f8060b8ced3b2487a7b070cc68ed4b4655c23b133ace994942c4ec40689981f5b31f0f9df733b9af9df049e349b4736d0cbce31f43dd47fe13974db8bcb47f0449db48e164ac11300cd3d8cd3099f92e77cde0ccdfa6107d2b7ee1756e4b42536a8f5f265700670b1a41f92465bbe87927ec39f9b8e864d9d23eb657dfc02ee420d3a0026394fd0e0a9323ce1350fdecd70efebcf418b86073654312e38cb5e8676ff61a7faeb3a6437aa1d27f1560d8ebdc23ae480bfdf5ccdcff9e7b993158ff0981bf1a52d2bbeb38bdc6e0849a3ade4dfb371	\\x88ca56e29a759f0bfd5525cb8ca5c31ca11842930bafef81fff6df9243ef3a89	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=DDPLDMXidmSAElaFFwW3NeLA"}	\N	4298947422532513104098461583	2026-11-26 04:23:18.962214+00	2026-11-26 04:53:18.962214+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f6c6-7adf-9e37-b5096edd24e6	01a21617-f6c6-7705-b8eb-deaf277a8860	1	wechat_pay	wechat_native	0E9MB0EF3W1NR4HQC871BY671W	100	CNY	prepared	\\x010161d5fd2cb215a4cb8ec55194a8bc952a5e9a8503ac15220a50b6db01c8a4926724669ceeae455892acc9bf1bd1b22885b726c48f0a68707e476eb34e882ab3e2254d21f199f3a3913d0535f5818ec37d6af5a7038bd859d011cc22c5ce0a0ae45fbdc696c515041feaf4ecef23e929cc110e710b24b49b803100dfdb35a49e19dacd62e6b9fdaaa9fb3f4d4934766cdf25ddaeaadc3898ca75e996f58d9c4efbc3b4e6423643e48400f68c34205f0c153ecfdd8fc0da855464e7f1e5e96e3596341bdc943a78444a236fd8f88d089d0869d9a956b5e993da2a1e3461eec03f782f7be14f712972aa05769cd916c98ce94a464f6b86014647d96536185598ee59489db433743884e43cba2dc5f466e4b60a8c881212d38cef1efca8c1ae4bd2c9139f	\\x10dadda70d27f9c401dadebbc7d9bda6199f64fa3c31317c1636b140fbfe9596	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=d8PTunJS9mnXM2jnbClOgDHz"}	\N	\N	2026-11-26 04:23:18.981017+00	2026-11-26 04:53:18.981017+00	\N	2026-11-26 04:23:33.981017+00	\N	0	0
01a21617-f6d1-7ef6-8705-df6fe3d2daa4	01a21617-f6d1-752f-947e-a6eced75ed61	1	wechat_pay	wechat_native	WKY9QN2B6ED4NRDEKQFFG5DJ5Q	100	CNY	paid	\\x0101618abd2b7e9cd06463b75fb15c642c70309ed3e89524acc58c91ad60feb06474ca78b2593a767ddc3821907594720a72d2c3154bc9cbb107e39b31a87d319f38b9c44432c2f38976e9d2a460ec2b47f39d90efcd951c0fe25b15353aaab9d84daae73f1c62f4332baa9d7ac917e172f5e108f190e38b73f6f95b945eca0cae789dae16cf002a1a8dbbbae4fe1dde54daa6d8462b415bfbc67d62a89afc7541c6376063be8d7eff61c2cb3afc0b0bed43826384facf151a889f16d443b4f2adc762149f86e17410150b69e23ffff33bce330caf7a6fd9cde5a56b49086ba674554a4ffb8fdb1f2f330df5e2ac8b85cc3f80eef8ae0aedb8c7f4e2e799ffebee0a386269671d52d8466b9be39c488e5e628b67c321c3d3315eec2c16ba390d39cabd93	\\x505ab280aa1ba94bf99495bbf0e99309f02124e4fdc1a7bbd2cb9b979a6f3aae	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=uZIoYtEUuIM17zLkGUBGTlEb"}	\N	4211076125541748007571345496	2026-11-26 04:23:18.992288+00	2026-11-26 04:53:18.992288+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f6e2-7790-b855-f17a07e5e43c	01a21617-f6e2-727d-905d-7c09df5e5791	1	wechat_pay	wechat_native	GNN0A8AK5VGRZG3HF9703GY6T3	100	CNY	prepared	\\x0101615300972df4a9ce2189d555d736eec2eacb2ec85ae00622a0fd2da7a9bd2cc5e022d2ac8ffbf90c4be556300f27e76ad046f790bdb3c619c3431e5b254690c5de14507cfd00bc836d11060e76959815909899a52737dc82400ac6dd1be06e744161cff6a877913f2116bc044f4260f0265e6eb3c4cbbdade8f71e856bfc57ade60c194b512514b92c0ab9094edd3231eb2a2d0d8f5db8d470cf536edbb29b9ef1893ff135c2f4f2e8ad3ce5d05d68ca5cf34885428d3105d87dcebdb79b840fd002125f24aa20046d9d543b765e611fcffbccee9b12d9c4bc3ced025582d2debd3c6553fe370ac93a76ae7b36b4a4ececba6513e703462624535173ada81d46eaf02726e0952ef115fff2c16e4e8e4d8d400c6b359d694f737581ebf3f137092eb2	\\x5ed209ec03cb9a19214cb45b5cffc923c6175a86b2062cd4e3c30cca501cbd7e	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=VpozeiKtnduaqco54hRq2Nxk"}	\N	\N	2026-11-26 04:23:19.009647+00	2026-11-26 04:53:19.009647+00	\N	2026-11-26 04:23:34.009647+00	\N	0	0
01a21617-f6ed-7785-a750-7d4c6a003f79	01a21617-f6ec-79a9-921c-6bf34fa867c0	1	wechat_pay	wechat_native	WGXYFWDD7Y2MB0SWT77DX8BRZ2	100	CNY	paid	\\x01016119756c5d176cd1eaf7be635c8adf913b49e6909811592399d6bd61bcdd4bea04b50d8e860bace16f6540e1850fe8ee827ceb4926774cc9a5e00d8ecffdfd693edeed8b87350e0c312b85c27de79db2d313f6e7b820566d997fe4bc3dffa878565ffd413d77aafb24f6d882d67e8b15362f91ab35cb4031ef58a1cab1e2a701ddabf66abc95608fb41c00bc13c5264715fb4bbc23814dd1303db08c1eea70bfff9b58faaf403ea24378b2fd75a83f395da539b6a3f120644c3b1193dd5fb6071fab94ee0a342744c9e31e618014d09eda76c76efa3b99afa08d79b83adae24d4494aa27399e4387c7459387fa545d4158ad949f3b8f8de9fbad6d86f3522d5c36a5f134322bd697ac0fe2b9c938ddd2f81bf578a91b7f5d86448dfaa0d98534f69b	\\xbb9882dce2205f183356d6eaf508d107bebea49e763abdc8e4fb8854c419e95c	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=2cjdLnRrp6xde_BMz-axtU_a"}	\N	4257515588975330017670873984	2026-11-26 04:23:19.019871+00	2026-11-26 04:53:19.019871+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f6fe-7545-a907-0bfe34c4cd54	01a21617-f6fd-76fd-ac11-370ce53a2e58	1	wechat_pay	wechat_native	2VG7CJ6ZHKGY4QV15K6X5CWS8P	100	CNY	prepared	\\x010161171b5d27e1116927e715376d703d696a32f96b7ef0eac0016279f12e7e9834e1fa9a1705db9ebd69102ffd3793929ac780e2586b4efbc5998986ac5f723a62c2c0b4c7dfa27b6255318c0f5f6064eb86b89924e616c259de3e26988db460685733236db6672a664b50270c0ab48af3a8120724238ca76d8f02c8fbceb974db99b96c23fd5842694068989be1fa2945a3c2f86037315edc2fb80b8bd623ae98c4fe0618efed3c2d870b0e13d8e9b97010dbdeb631fb30add04a913f2b6cb7c51a9384a67175c6bc1fa513b40449369d7e4ea799cf057f34967ed55310ef56ace330b88fcaedaea1776e7f7c00858b9e1ab9d503aa36844ca3fd30a8de7ee68bd2cf06c0d498639797c146f5191c74a50e230622591920cf34d2bd05a60b006db405	\\x21e40a5c07cb4cc818b1ea843f6a8b65f2410113dbc968564bec5a71f27a3abd	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=RAJSleigYn4MGQvoe8oJLtfa"}	\N	\N	2026-11-26 04:23:19.03697+00	2026-11-26 04:53:19.03697+00	\N	2026-11-26 04:23:34.03697+00	\N	0	0
01a21617-f709-7d65-8731-217aa343270e	01a21617-f709-7d8e-986c-504b2ceaaec4	1	wechat_pay	wechat_native	YNMT5ASCS1RX97MBV4E4S6DGAH	100	CNY	paid	\\x0101612da204badfe575e5f0a52749044aa784001e75d3966461f22841133f625275e3f10570d54a471daf941e2d23f051aa1c6af388138398fb644aca8fa8b486c272ebb8c134cba44ed05918ad0db661952e4c074b31003dc0a70754afe6c366603c448eacd28896e7d807fbff4d2b61a86a16791c68b2d386c4875a72438217b342ddb942fbdf7438d0cb1a332b8704dc7f053f3fa396e681934940eda3b49bf8ee64d2c281c2a317e979b4114a14d1520afde9182e77297ba7656c5bb1082d280a2b0f2537871ccb3a43d46cbda7a4acaa396fda4a7f70e0331a7a9439d26c9fb7941cc2314a2e477728a8b89d0a10954b481972e99938e69d8f2677ddc1dcecc7081f2fc32f9821e203404f5ff4ba3196ac391ac011ee2f49321656ec595e11ebc7	\\x0f2b5a82b58de589f8506dcd9cc7e2bbc9988b2afeaf2d78efd64b18ac74e37a	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=ysRvM90wOkMLZq7s7zkox9sE"}	\N	4253589734893570648891862558	2026-11-26 04:23:19.048441+00	2026-11-26 04:53:19.048441+00	2026-06-20 03:00:00+00	\N	\N	0	0
01a21617-f724-7af6-b026-60437ac82a7b	01a21617-f724-7552-b13f-caf6b3d6c212	1	wechat_pay	wechat_native	CA9P9SH2VCA884YPDQHC96CDP0	100	CNY	prepared	\\x01016167c25e05b086a149b3898b8b6d0a276b575eca32b38b7b773becc7ddc6148eb698acb6907b860a7fa2412e6147345d442277add75a7fd21226a867ff3e3bf228e498e65232f140ed0df1f1b8f9519003796ca812ac03e3c625863ca15c4af2199e06a8a5a774a7e3b3704c30f57d51b770396a1328d09022955c040a3d78d107d0cd912386590f013c6cef1fe31f499f7d0fd3a36d8ad0ed26643a28de34f0390ad2333ce74c87af1ad3a65565cd527937a7ab3c0519f5817bf96ac30760a7da4cc2cf8319e3e90fd7dd7c8e1d705ad91b4a0959ac7a02539ff40caafc3b2fcc1a8097ef9cb51df0e1ba64df16f0684cead82a0c223eea496d2ae56de830471cf7f8f0420f7c442028012a35259179a4577c698a9fd737221203880390e8a9cb7d	\\x1cb2a2d025e09595123ae13c951f61027efa59c26f26bb665a2fa5779523bdf7	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=-9bdWi2pfuuWEiScfhiXFGJM"}	\N	\N	2026-11-26 04:23:19.07546+00	2026-11-26 04:53:19.07546+00	\N	2026-11-26 04:23:34.07546+00	\N	0	0
01a21617-f732-7ef5-adc8-4dc17061c251	01a21617-f732-7d7e-92f4-1c4172b611a7	1	wechat_pay	wechat_native	R433NPQGR3GQ2MX5RZ135SNP1C	100	CNY	paid	\\x010161a624bad0b5a7c788f0c53165c947d8b408ced4e8f728758bcf6f123d4d4b093a95b5f71c14b69cce3275b0cd6d642cab90090959d7d7fa805ab247ecefd92dd301d6a1b5f2bf6a75d6287662b068ad471ed69f0c8fde4006db75b5a227171ce6878349892bf08ff1c62580e7e36ecedf28f51e2886d767f7582d884871e115f0accfe9bb93b1e49f0be1780740a6eb70fef9886378151edebff265baacd8b2eec60e47ce48f14b0a0b4d4fa366413e9a3ff6356a092be7be076a25dff419386399405f99f71aa62190c36a41d63cfac34a642d78729eed88a64742fdc189fddb173e5aa111434d49cdeeb3fbfff87f79351db7fd73ddec4a7fe5e92092bad9e38fa103b87784fd7d3909406b6ebc73ccb7170bd16b552fbc777c8a42c3e6bdd5dd	\\x4cf32b2368de4793e1a6da6162c80341b48a5a59c6e8d80cfc0400ce93070cde	\N	{"code_url": "weixin://wxpay/bizpayurl?pr=oZXeAd2A6RTnZEz00140h3VG"}	\N	4200157780877957858837361354	2026-11-26 04:23:19.089266+00	2026-11-26 04:53:19.089266+00	2026-06-20 03:00:00+00	\N	\N	0	0
\.


--
-- Data for Name: payment_callback_refusal; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_callback_refusal (day, source, reason, refusals) FROM stdin;
\.


--
-- Data for Name: payment_order; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_order (id, payment_no, payer_user_id, quote_id, provider, method, amount_minor, currency, state, created_at, expires_at, paid_at) FROM stdin;
01a21617-f5e5-79c0-b4be-3a793b31d07e	T314C35A6624F40AFAE3	01a21617-f5d9-78d8-a7f5-51d4f27a19b6	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:18.754455+00	2026-11-26 04:53:18.754455+00	\N
01a21617-f5fa-7060-bafa-9ab550d77e9e	TE544F6D66D1441B3BB4	01a21617-f5d9-78d8-a7f5-51d4f27a19b6	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:18.776979+00	2026-11-26 04:53:18.776979+00	2026-06-20 03:00:00+00
01a21617-f613-70be-89ac-44396f1bf8a1	TC38592799D0D4305981	01a21617-f60c-7300-8afa-a71056619808	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:18.801986+00	2026-11-26 04:53:18.801986+00	\N
01a21617-f622-7ca1-bece-ebe1075df453	T5CDD8FEE1EB3438B9F8	01a21617-f60c-7300-8afa-a71056619808	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:18.816639+00	2026-11-26 04:53:18.816639+00	2026-06-20 03:00:00+00
01a21617-f636-7d6c-adb1-a9643b01e33c	T8E08422DB8A542E2B57	01a21617-f630-7caa-b987-69d730120e39	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:18.83719+00	2026-11-26 04:53:18.83719+00	\N
01a21617-f645-734a-ba71-e5605f4e5046	TE878F33B9C334C53B41	01a21617-f630-7caa-b987-69d730120e39	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:18.85162+00	2026-11-26 04:53:18.85162+00	2026-06-20 03:00:00+00
01a21617-f65b-7846-8f76-4a887f1eeb9e	TA3C897BA0D4E46B9B89	01a21617-f655-7835-94a6-854216c4d6ac	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:18.874347+00	2026-11-26 04:53:18.874347+00	\N
01a21617-f668-773a-8b3a-8fbda154ae9b	TA27A24B9E9A847DF9F1	01a21617-f655-7835-94a6-854216c4d6ac	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:18.886986+00	2026-11-26 04:53:18.886986+00	2026-06-20 03:00:00+00
01a21617-f67f-7534-a534-82187104e606	T37A14B44068541D38CC	01a21617-f678-7ae5-9fc2-1d32ba961eac	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:18.909583+00	2026-11-26 04:53:18.909583+00	\N
01a21617-f68b-778b-a322-d84b535c12a4	TD0C565FE922B499F878	01a21617-f678-7ae5-9fc2-1d32ba961eac	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:18.922304+00	2026-11-26 04:53:18.922304+00	2026-06-20 03:00:00+00
01a21617-f6a4-7df2-81f6-da43c8adc8b9	T4EAD777A7B564E2187A	01a21617-f69a-7536-89a4-215dc2ea98d1	01a21617-f6a1-7b2a-8d36-ddeb85d3cb16	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:18.946915+00	2026-11-26 04:53:18.946915+00	\N
01a21617-f6b3-70c9-b75d-99524ae0af97	T7673936CCA9347B6961	01a21617-f69a-7536-89a4-215dc2ea98d1	01a21617-f6b1-7a7d-9d91-f32cd6caa4c9	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:18.962214+00	2026-11-26 04:53:18.962214+00	2026-06-20 03:00:00+00
01a21617-f6c6-7705-b8eb-deaf277a8860	TE3CE26A14C4446E6938	01a21617-f6c0-7527-b944-24bb5e8f6377	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:18.981017+00	2026-11-26 04:53:18.981017+00	\N
01a21617-f6d1-752f-947e-a6eced75ed61	TF14FFC0AD8384C41B88	01a21617-f6c0-7527-b944-24bb5e8f6377	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:18.992288+00	2026-11-26 04:53:18.992288+00	2026-06-20 03:00:00+00
01a21617-f6e2-727d-905d-7c09df5e5791	T8BE6808913434F62B50	01a21617-f6dd-761a-98cd-46c22bf9480f	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:19.009647+00	2026-11-26 04:53:19.009647+00	\N
01a21617-f6ec-79a9-921c-6bf34fa867c0	TB50B89D83C354B2EAEF	01a21617-f6dd-761a-98cd-46c22bf9480f	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:19.019871+00	2026-11-26 04:53:19.019871+00	2026-06-20 03:00:00+00
01a21617-f6fd-76fd-ac11-370ce53a2e58	T343CBAFB4E494B808F9	01a21617-f6f8-774e-aacd-83186e34532a	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:19.03697+00	2026-11-26 04:53:19.03697+00	\N
01a21617-f709-7d8e-986c-504b2ceaaec4	T167D61AB09234121820	01a21617-f6f8-774e-aacd-83186e34532a	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:19.048441+00	2026-11-26 04:53:19.048441+00	2026-06-20 03:00:00+00
01a21617-f724-7552-b13f-caf6b3d6c212	T45272328408C456CAE1	01a21617-f71f-7659-88e9-b429a69d9498	\N	wechat_pay	wechat_native	100	CNY	open	2026-11-26 04:23:19.07546+00	2026-11-26 04:53:19.07546+00	\N
01a21617-f732-7d7e-92f4-1c4172b611a7	T5A33F246EA024EA6BE8	01a21617-f71f-7659-88e9-b429a69d9498	\N	wechat_pay	wechat_native	100	CNY	paid	2026-11-26 04:23:19.089266+00	2026-11-26 04:53:19.089266+00	2026-06-20 03:00:00+00
\.


--
-- Data for Name: payment_part; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_part (account_id, id, attempt_id, book_id, payable_kind, payable_id, payable_no, amount_minor, taken_minor, outcome) FROM stdin;
2	1	01a21617-f5e6-7963-9112-80bc7750a4cd	2	bill	4	B700000000202	100	\N	open
2	2	01a21617-f5fb-7632-b5ac-4739d68536d2	2	bill	4	B700000000202	100	100	booked
3	3	01a21617-f614-7376-ac2a-808ec76ee732	3	bill	6	B700000000302	100	\N	open
3	4	01a21617-f622-78e6-99fa-c2f11c3bb352	3	bill	6	B700000000302	100	100	booked
1	5	01a21617-f637-7147-8fbd-85093e835f01	1	bill	2	B700000000102	100	\N	open
1	6	01a21617-f645-7300-8162-4a4c44178c2d	1	bill	2	B700000000102	100	100	booked
1	7	01a21617-f65c-7660-8262-4bf6d879f184	1	bill	2	B700000000102	100	\N	open
1	8	01a21617-f669-739f-893f-b87574bd5347	1	bill	2	B700000000102	100	100	booked
1	9	01a21617-f67f-7831-bc8e-7c49b0259d13	1	bill	2	B700000000102	100	\N	open
1	10	01a21617-f68c-771d-90d6-5c135a030ff9	1	bill	2	B700000000102	100	100	booked
1	11	01a21617-f6a5-766c-b4b5-7d7ed06c50e1	1	bill	2	B700000000102	100	\N	open
1	12	01a21617-f6b4-7c86-87fe-fbb9fd6a29bc	1	bill	2	B700000000102	100	100	booked
1	13	01a21617-f6c6-7adf-9e37-b5096edd24e6	1	bill	2	B700000000102	100	\N	open
1	14	01a21617-f6d1-7ef6-8705-df6fe3d2daa4	1	bill	2	B700000000102	100	100	booked
1	15	01a21617-f6e2-7790-b855-f17a07e5e43c	1	bill	2	B700000000102	100	\N	open
1	16	01a21617-f6ed-7785-a750-7d4c6a003f79	1	bill	2	B700000000102	100	100	booked
1	17	01a21617-f6fe-7545-a907-0bfe34c4cd54	1	bill	2	B700000000102	100	\N	open
1	18	01a21617-f709-7d65-8731-217aa343270e	1	bill	2	B700000000102	100	100	booked
1	19	01a21617-f724-7af6-b026-60437ac82a7b	1	bill	2	B700000000102	100	\N	open
1	20	01a21617-f732-7ef5-adc8-4dc17061c251	1	bill	2	B700000000102	100	100	booked
\.


--
-- Data for Name: payment_provider_certificate; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_provider_certificate (provider, serial, pem, valid_from, valid_to) FROM stdin;
\.


--
-- Data for Name: payment_provider_health; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_provider_health (provider, failures, open_until) FROM stdin;
\.


--
-- Data for Name: payment_quote; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_quote (id, user_id, account_id, created_at, expires_at, used_at) FROM stdin;
01a21617-f6a1-7b2a-8d36-ddeb85d3cb16	01a21617-f69a-7536-89a4-215dc2ea98d1	1	2026-11-26 04:23:18.94256+00	2026-11-26 04:33:18.94256+00	2026-11-26 04:23:18.946915+00
01a21617-f6b1-7a7d-9d91-f32cd6caa4c9	01a21617-f69a-7536-89a4-215dc2ea98d1	1	2026-11-26 04:23:18.959412+00	2026-11-26 04:33:18.959412+00	2026-11-26 04:23:18.962214+00
\.


--
-- Data for Name: payment_quote_failure; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_quote_failure (id, user_id, address_blind, account_no, failed_at) FROM stdin;
\.


--
-- Data for Name: payment_suspense; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.payment_suspense (id, reason, provider, out_trade_no, transaction_id, order_id, attempt_id, account_id, part_id, book_id, source_id, amount_minor, currency, paid_at, created_at, state) FROM stdin;
\.


--
-- Data for Name: point_lot; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.point_lot (book_id, no, earned, remaining, expires_at) FROM stdin;
\.


--
-- Data for Name: point_lot_use; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.point_lot_use (book_id, no, lot_no, points) FROM stdin;
\.


--
-- Data for Name: posting; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.posting (book_id, no, line, debit, credit, asset, amount, debit_after, credit_after) FROM stdin;
1	1	1	1100	4100	156	11474	11474	11474
1	1	2	1100	2400	156	100	11574	100
1	1	3	1100	2500	156	1286	12860	1286
2	1	1	1100	4100	156	11474	11474	11474
2	1	2	1100	2400	156	100	11574	100
2	1	3	1100	2500	156	1286	12860	1286
3	1	1	1100	4100	156	11474	11474	11474
3	1	2	1100	2400	156	100	11574	100
3	1	3	1100	2500	156	1286	12860	1286
2	2	1	1200	1100	156	100	100	12760
3	2	1	1200	1100	156	100	100	12760
1	2	1	1200	1100	156	100	100	12760
1	3	1	1200	1100	156	100	200	12660
1	4	1	1200	1100	156	100	300	12560
1	5	1	1200	1100	156	100	400	12460
1	6	1	1200	1100	156	100	500	12360
1	7	1	1200	1100	156	100	600	12260
1	8	1	1200	1100	156	100	700	12160
1	9	1	1200	1100	156	100	800	12060
\.


--
-- Data for Name: premises; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.premises (id, premises_no, district, street, building, door_sealed, fingerprint) FROM stdin;
1	7000000001	历下区	泉城路	18号	\N	\\x
2	7000000002	历下区	泉城路	18号	\N	\\x
3	7000000003	历下区	泉城路	18号	\N	\\x
\.


--
-- Data for Name: refresh_token; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.refresh_token (token_hash, family_id, generation) FROM stdin;
\\x9af645c80fd03ac51cd37e47d972433ab91ab0b299995f139cf62165e95af353	01a21617-f5dc-7afc-814e-e4363fae005f	1
\\x1da04983ec977493d942e2da834f1d53a5c33d9a14e812028c3e5ee14cddafa1	01a21617-f5de-7e13-82b5-fa96eaa20821	1
\\xc80894020c21e3c80f5ca282322b5323d253be5d7895683cea2b9092f7322e91	01a21617-f60e-7a96-86fc-a92ce4a8c898	1
\\x8c03475c138d0cb8993fa66997b64081383dc76261313fb3e26fc4c520735553	01a21617-f60f-79c2-ba33-6534630d4d05	1
\\x898ef54ef8f2e0c1e53a8db1cbc9487d68e978952e9982511d98b4198844f428	01a21617-f632-7a3f-9bf0-4cfbc7cbfd87	1
\\x8a4ebc881b9bc69ca1f65625bee01f22b43f8debf55ed2fabd90d8aa9b817592	01a21617-f633-71e7-a8b0-c69818fed6e4	1
\\x132616668fc8139683917cc306482e62cb3b6c437865e713d7524ee2435aaafc	01a21617-f657-7fbc-a169-dd3e3b2a0f71	1
\\x14079aacca067b7c5b1cee975bf53b5772b8119e2a6f3a25c5f2cf94316f83bb	01a21617-f658-7adc-ab5b-d55acbc80243	1
\\xf980dd6964f0010b1120bf32502a31c587a4c64cc7ef12138b9ed079817a6ba0	01a21617-f67a-7239-966a-911f8f0d2bdf	1
\\x1cbe583d6e3a2e00e4a915e337008b25b2b946ec95911049261630d8086a9dfe	01a21617-f67b-7903-8213-8515ca313d96	1
\\xd7a5015b461f4fef2d3b488af9cc1d4a348e83f484acb8d1d60c17bbe387f0d3	01a21617-f69b-755a-b244-68951d901593	1
\\x9b71c874cb0f2525d0776b3bb4c7195b793fe402d16cccc386dc446a8fa15594	01a21617-f69c-7668-a54c-f51771d3703b	1
\\x17a9ea9bab1fd67c0058a8c5090e76c6da87412e0ea0e1d075e07559f5182923	01a21617-f6c2-7fa8-801b-dea6a0b493e2	1
\\x9810b0f40b4bf6da7c9a2d9381dfb5aac62a98fff44a892a1b5f5f0eae923837	01a21617-f6c3-7c6c-aae5-7d2c268b38fa	1
\\x7653f10ce6388e91c205b1124f9f0ecaf3d0c72be4cbb729f663ebb7ebb09894	01a21617-f6de-7414-a098-1b7a5a538f42	1
\\xfe36face24d26df4dbeccac8e310eee4f924455a3afd1a824e218459ee58a2c3	01a21617-f6df-715d-871c-e64a52c02851	1
\\x485f2f16c2bb66395aaa5b8d4ad5e3918cf608c67c7a907232cf8470e5a41c39	01a21617-f6fa-762e-902c-4cc70770473e	1
\\x6f10edd7e88c62b0930427632012fc6e830fa10ce6d37074ddba89695208f1b5	01a21617-f6fb-708f-bc5a-9e5b7e543b12	1
\\x3604d6bdca7fa6e955306988c0b3b3eaa7e771bc2a62c8f400ade482c61baabe	01a21617-f720-741c-bf43-4eaf75259f85	1
\\xb5a2208bee111d372073c68213fcca9f778bdf708218fb4eed5ea1323bf5d310	01a21617-f721-7ab8-a3bb-3aaf9f962096	1
\\xc13c463bebcb1e189b532d59ad7a5ee65ac3edbf7003073768394bd0fa9ea053	01a21617-f751-7920-afce-8df6f6b29931	1
\\xd4a59b71e93ee44baca3e126d002c909e0b4a5c14055c177788727e45a9309ed	01a21617-f771-74ef-b91e-d3b66ae70438	1
\\x40c3cba679d5ff346be93c1a27c67d31d7326f8bcddd5c2ffa7e471be60e3540	01a21617-f781-710b-b9ea-f7d6b669ee55	1
\.


--
-- Data for Name: session_family; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.session_family (id, user_id, kind, device_name, created_at, last_used_at, idle_until, expires_at, generation, rotated_at, browser_hash, revoked_at, revoked_why) FROM stdin;
01a21617-f5dc-7afc-814e-e4363fae005f	01a21617-f5d9-78d8-a7f5-51d4f27a19b6	app	Phone	2026-11-26 04:23:18.745048+00	2026-11-26 04:23:18.745048+00	2026-12-26 04:23:18.745048+00	2027-05-25 04:23:18.745048+00	1	2026-11-26 04:23:18.745048+00	\N	\N	\N
01a21617-f5de-7c12-bccf-c20808ac9aad	01a21617-f5d9-78d8-a7f5-51d4f27a19b6	browser	Firefox, Linux	2026-11-26 04:23:18.745048+00	2026-11-26 04:23:18.745048+00	2026-12-03 04:23:18.745048+00	2026-12-26 04:23:18.745048+00	1	2026-11-26 04:23:18.745048+00	\\xe97a85d0bd19db34f352ad6d9b760c8fb6ed4934fbaec7e008922841724c0eaf	\N	\N
01a21617-f5de-7e13-82b5-fa96eaa20821	01a21617-f5d9-78d8-a7f5-51d4f27a19b6	app	Tablet	2026-11-26 04:23:18.745048+00	2026-11-26 04:23:18.745048+00	2026-12-26 04:23:18.745048+00	2027-05-25 04:23:18.745048+00	1	2026-11-26 04:23:18.745048+00	\N	\N	\N
01a21617-f60e-7a96-86fc-a92ce4a8c898	01a21617-f60c-7300-8afa-a71056619808	app	Phone	2026-11-26 04:23:18.796728+00	2026-11-26 04:23:18.796728+00	2026-12-26 04:23:18.796728+00	2027-05-25 04:23:18.796728+00	1	2026-11-26 04:23:18.796728+00	\N	\N	\N
01a21617-f60f-73f2-9ef7-d9b59f66f9cd	01a21617-f60c-7300-8afa-a71056619808	browser	Firefox, Linux	2026-11-26 04:23:18.796728+00	2026-11-26 04:23:18.796728+00	2026-12-03 04:23:18.796728+00	2026-12-26 04:23:18.796728+00	1	2026-11-26 04:23:18.796728+00	\\xf92183eca5e89f3b43113607d12a7cb45ce9ea7b7465f271494c5f2b13d5ae5b	\N	\N
01a21617-f60f-79c2-ba33-6534630d4d05	01a21617-f60c-7300-8afa-a71056619808	app	Tablet	2026-11-26 04:23:18.796728+00	2026-11-26 04:23:18.796728+00	2026-12-26 04:23:18.796728+00	2027-05-25 04:23:18.796728+00	1	2026-11-26 04:23:18.796728+00	\N	\N	\N
01a21617-f632-7a3f-9bf0-4cfbc7cbfd87	01a21617-f630-7caa-b987-69d730120e39	app	Phone	2026-11-26 04:23:18.832521+00	2026-11-26 04:23:18.832521+00	2026-12-26 04:23:18.832521+00	2027-05-25 04:23:18.832521+00	1	2026-11-26 04:23:18.832521+00	\N	\N	\N
01a21617-f632-7c37-90e7-75c1b117f860	01a21617-f630-7caa-b987-69d730120e39	browser	Firefox, Linux	2026-11-26 04:23:18.832521+00	2026-11-26 04:23:18.832521+00	2026-12-03 04:23:18.832521+00	2026-12-26 04:23:18.832521+00	1	2026-11-26 04:23:18.832521+00	\\xf296b2a2cfdd43bb72c1ddff311ff5d01077c6003b48b4c9712c9726f7edb68f	\N	\N
01a21617-f633-71e7-a8b0-c69818fed6e4	01a21617-f630-7caa-b987-69d730120e39	app	Tablet	2026-11-26 04:23:18.832521+00	2026-11-26 04:23:18.832521+00	2026-12-26 04:23:18.832521+00	2027-05-25 04:23:18.832521+00	1	2026-11-26 04:23:18.832521+00	\N	\N	\N
01a21617-f657-7fbc-a169-dd3e3b2a0f71	01a21617-f655-7835-94a6-854216c4d6ac	app	Phone	2026-11-26 04:23:18.869557+00	2026-11-26 04:23:18.869557+00	2026-12-26 04:23:18.869557+00	2027-05-25 04:23:18.869557+00	1	2026-11-26 04:23:18.869557+00	\N	\N	\N
01a21617-f657-7cab-a663-f9b1acbe06b8	01a21617-f655-7835-94a6-854216c4d6ac	browser	Firefox, Linux	2026-11-26 04:23:18.869557+00	2026-11-26 04:23:18.869557+00	2026-12-03 04:23:18.869557+00	2026-12-26 04:23:18.869557+00	1	2026-11-26 04:23:18.869557+00	\\x4374b3fd09fbc38ea4d74ddd165b92818f23c788d834324889e3bbf743d663cc	\N	\N
01a21617-f658-7adc-ab5b-d55acbc80243	01a21617-f655-7835-94a6-854216c4d6ac	app	Tablet	2026-11-26 04:23:18.869557+00	2026-11-26 04:23:18.869557+00	2026-12-26 04:23:18.869557+00	2027-05-25 04:23:18.869557+00	1	2026-11-26 04:23:18.869557+00	\N	\N	\N
01a21617-f67a-7239-966a-911f8f0d2bdf	01a21617-f678-7ae5-9fc2-1d32ba961eac	app	Phone	2026-11-26 04:23:18.904724+00	2026-11-26 04:23:18.904724+00	2026-12-26 04:23:18.904724+00	2027-05-25 04:23:18.904724+00	1	2026-11-26 04:23:18.904724+00	\N	\N	\N
01a21617-f67a-795c-bcb0-f9d1daa5bfc4	01a21617-f678-7ae5-9fc2-1d32ba961eac	browser	Firefox, Linux	2026-11-26 04:23:18.904724+00	2026-11-26 04:23:18.904724+00	2026-12-03 04:23:18.904724+00	2026-12-26 04:23:18.904724+00	1	2026-11-26 04:23:18.904724+00	\\x90870cf9a93d4885a69ed09558c2a1ac80eb265536112a75789af4baca6ba10d	\N	\N
01a21617-f67b-7903-8213-8515ca313d96	01a21617-f678-7ae5-9fc2-1d32ba961eac	app	Tablet	2026-11-26 04:23:18.904724+00	2026-11-26 04:23:18.904724+00	2026-12-26 04:23:18.904724+00	2027-05-25 04:23:18.904724+00	1	2026-11-26 04:23:18.904724+00	\N	\N	\N
01a21617-f69b-755a-b244-68951d901593	01a21617-f69a-7536-89a4-215dc2ea98d1	app	Phone	2026-11-26 04:23:18.938781+00	2026-11-26 04:23:18.938781+00	2026-12-26 04:23:18.938781+00	2027-05-25 04:23:18.938781+00	1	2026-11-26 04:23:18.938781+00	\N	\N	\N
01a21617-f69c-727c-882e-77e420e5ac21	01a21617-f69a-7536-89a4-215dc2ea98d1	browser	Firefox, Linux	2026-11-26 04:23:18.938781+00	2026-11-26 04:23:18.938781+00	2026-12-03 04:23:18.938781+00	2026-12-26 04:23:18.938781+00	1	2026-11-26 04:23:18.938781+00	\\x2445b9152276ed517832faf9650853750c8e5b28100693bdfc79054c7c5bdb02	\N	\N
01a21617-f69c-7668-a54c-f51771d3703b	01a21617-f69a-7536-89a4-215dc2ea98d1	app	Tablet	2026-11-26 04:23:18.938781+00	2026-11-26 04:23:18.938781+00	2026-12-26 04:23:18.938781+00	2027-05-25 04:23:18.938781+00	1	2026-11-26 04:23:18.938781+00	\N	\N	\N
01a21617-f6c2-7fa8-801b-dea6a0b493e2	01a21617-f6c0-7527-b944-24bb5e8f6377	app	Phone	2026-11-26 04:23:18.976407+00	2026-11-26 04:23:18.976407+00	2026-12-26 04:23:18.976407+00	2027-05-25 04:23:18.976407+00	1	2026-11-26 04:23:18.976407+00	\N	\N	\N
01a21617-f6c2-794c-a202-07f730fe88d2	01a21617-f6c0-7527-b944-24bb5e8f6377	browser	Firefox, Linux	2026-11-26 04:23:18.976407+00	2026-11-26 04:23:18.976407+00	2026-12-03 04:23:18.976407+00	2026-12-26 04:23:18.976407+00	1	2026-11-26 04:23:18.976407+00	\\x996c48924f8fa764336dbfeb642d246caa70355d144a4122c6a8bb1f172a7df6	\N	\N
01a21617-f6c3-7c6c-aae5-7d2c268b38fa	01a21617-f6c0-7527-b944-24bb5e8f6377	app	Tablet	2026-11-26 04:23:18.976407+00	2026-11-26 04:23:18.976407+00	2026-12-26 04:23:18.976407+00	2027-05-25 04:23:18.976407+00	1	2026-11-26 04:23:18.976407+00	\N	\N	\N
01a21617-f6de-7414-a098-1b7a5a538f42	01a21617-f6dd-761a-98cd-46c22bf9480f	app	Phone	2026-11-26 04:23:19.005537+00	2026-11-26 04:23:19.005537+00	2026-12-26 04:23:19.005537+00	2027-05-25 04:23:19.005537+00	1	2026-11-26 04:23:19.005537+00	\N	\N	\N
01a21617-f6df-7890-8fd3-1e29efa59b92	01a21617-f6dd-761a-98cd-46c22bf9480f	browser	Firefox, Linux	2026-11-26 04:23:19.005537+00	2026-11-26 04:23:19.005537+00	2026-12-03 04:23:19.005537+00	2026-12-26 04:23:19.005537+00	1	2026-11-26 04:23:19.005537+00	\\x57e1e23db020e177e29f61eadd0169625af70f7eb87107e58cd3fd3d30b016c5	\N	\N
01a21617-f6df-715d-871c-e64a52c02851	01a21617-f6dd-761a-98cd-46c22bf9480f	app	Tablet	2026-11-26 04:23:19.005537+00	2026-11-26 04:23:19.005537+00	2026-12-26 04:23:19.005537+00	2027-05-25 04:23:19.005537+00	1	2026-11-26 04:23:19.005537+00	\N	\N	\N
01a21617-f6fa-762e-902c-4cc70770473e	01a21617-f6f8-774e-aacd-83186e34532a	app	Phone	2026-11-26 04:23:19.032721+00	2026-11-26 04:23:19.032721+00	2026-12-26 04:23:19.032721+00	2027-05-25 04:23:19.032721+00	1	2026-11-26 04:23:19.032721+00	\N	2026-11-26 04:23:19.067758+00	signed_out
01a21617-f6fa-7eca-ae44-2f2bc0fce058	01a21617-f6f8-774e-aacd-83186e34532a	browser	Firefox, Linux	2026-11-26 04:23:19.032721+00	2026-11-26 04:23:19.032721+00	2026-12-03 04:23:19.032721+00	2026-12-26 04:23:19.032721+00	1	2026-11-26 04:23:19.032721+00	\\x22b15aec8318e4ca79fe3778e2af6d432e6fa6a2dbfb0d3340b75b75ca427d9a	2026-11-26 04:23:19.069327+00	signed_out
01a21617-f6fb-708f-bc5a-9e5b7e543b12	01a21617-f6f8-774e-aacd-83186e34532a	app	Tablet	2026-11-26 04:23:19.032721+00	2026-11-26 04:23:19.032721+00	2026-12-26 04:23:19.032721+00	2027-05-25 04:23:19.032721+00	1	2026-11-26 04:23:19.032721+00	\N	2026-11-26 04:23:19.070239+00	signed_out
01a21617-f720-741c-bf43-4eaf75259f85	01a21617-f71f-7659-88e9-b429a69d9498	app	Phone	2026-11-26 04:23:19.071194+00	2026-11-26 04:23:19.071194+00	2026-12-26 04:23:19.071194+00	2027-05-25 04:23:19.071194+00	1	2026-11-26 04:23:19.071194+00	\N	\N	\N
01a21617-f721-7a09-ab28-9d87820cdbd2	01a21617-f71f-7659-88e9-b429a69d9498	browser	Firefox, Linux	2026-11-26 04:23:19.071194+00	2026-11-26 04:23:19.071194+00	2026-12-03 04:23:19.071194+00	2026-12-26 04:23:19.071194+00	1	2026-11-26 04:23:19.071194+00	\\xc8700e0a8e676840bbf0c5b4955e168b4390df412dc5de45ee23d1ec96d3d37e	\N	\N
01a21617-f721-7ab8-a3bb-3aaf9f962096	01a21617-f71f-7659-88e9-b429a69d9498	app	Tablet	2026-11-26 04:23:19.071194+00	2026-11-26 04:23:19.071194+00	2026-12-26 04:23:19.071194+00	2027-05-25 04:23:19.071194+00	1	2026-11-26 04:23:19.071194+00	\N	\N	\N
01a21617-f751-7920-afce-8df6f6b29931	01a21617-f630-7caa-b987-69d730120e39	app	Phone	2026-11-26 04:23:19.121843+00	2026-11-26 04:23:19.121843+00	2026-12-26 04:23:19.121843+00	2027-05-25 04:23:19.121843+00	1	2026-11-26 04:23:19.121843+00	\N	\N	\N
01a21617-f771-74ef-b91e-d3b66ae70438	01a21617-f5d9-78d8-a7f5-51d4f27a19b6	app	Phone	2026-11-26 04:23:19.15355+00	2026-11-26 04:23:19.15355+00	2026-12-26 04:23:19.15355+00	2027-05-25 04:23:19.15355+00	1	2026-11-26 04:23:19.15355+00	\N	\N	\N
01a21617-f781-710b-b9ea-f7d6b669ee55	01a21617-f60c-7300-8afa-a71056619808	app	Phone	2026-11-26 04:23:19.169246+00	2026-11-26 04:23:19.169246+00	2026-12-26 04:23:19.169246+00	2027-05-25 04:23:19.169246+00	1	2026-11-26 04:23:19.169246+00	\N	\N	\N
\.


--
-- Data for Name: sign_in_budget; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sign_in_budget (day, shard, sent) FROM stdin;
\.


--
-- Data for Name: sign_in_limit; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sign_in_limit (kind, key, hits) FROM stdin;
\.


--
-- Data for Name: txn; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.txn (book_id, no, source, source_id, effective_at, recorded_at) FROM stdin;
1	1	1	01a21617-f566-7cb2-bfd7-b28f1a730ff5	2026-06-02 16:00:00+00	2026-11-26 04:23:18.668847+00
2	1	1	01a21617-f5a4-77cc-83a9-c6024afb0f52	2026-06-02 16:00:00+00	2026-11-26 04:23:18.713171+00
3	1	1	01a21617-f5cb-716b-afcc-65ac502a3a15	2026-06-02 16:00:00+00	2026-11-26 04:23:18.737473+00
2	2	5	01a21617-f5fb-7632-b5ac-4739d68536d2	2026-06-20 03:00:00+00	2026-11-26 04:23:18.795354+00
3	2	5	01a21617-f622-78e6-99fa-c2f11c3bb352	2026-06-20 03:00:00+00	2026-11-26 04:23:18.831826+00
1	2	5	01a21617-f645-7300-8162-4a4c44178c2d	2026-06-20 03:00:00+00	2026-11-26 04:23:18.868761+00
1	3	5	01a21617-f669-739f-893f-b87574bd5347	2026-06-20 03:00:00+00	2026-11-26 04:23:18.902165+00
1	4	5	01a21617-f68c-771d-90d6-5c135a030ff9	2026-06-20 03:00:00+00	2026-11-26 04:23:18.936856+00
1	5	5	01a21617-f6b4-7c86-87fe-fbb9fd6a29bc	2026-06-20 03:00:00+00	2026-11-26 04:23:18.975727+00
1	6	5	01a21617-f6d1-7ef6-8705-df6fe3d2daa4	2026-06-20 03:00:00+00	2026-11-26 04:23:19.004031+00
1	7	5	01a21617-f6ed-7785-a750-7d4c6a003f79	2026-06-20 03:00:00+00	2026-11-26 04:23:19.031489+00
1	8	5	01a21617-f709-7d65-8731-217aa343270e	2026-06-20 03:00:00+00	2026-11-26 04:23:19.06608+00
1	9	5	01a21617-f732-7ef5-adc8-4dc17061c251	2026-06-20 03:00:00+00	2026-11-26 04:23:19.101342+00
\.


--
-- Data for Name: unit; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.unit (id, code, parent_id, kind, name, path) FROM stdin;
1	37	\N	province	某省电力	/37/
2	3701	1	city	某市供电	/37/3701/
3	3702	1	city	另一市供电	/37/3702/
\.


--
-- Name: account_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.account_id_seq', 3, true);


--
-- Name: audit_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.audit_id_seq', 70, true);


--
-- Name: bill_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.bill_id_seq', 6, true);


--
-- Name: bill_settlement_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.bill_settlement_id_seq', 10, true);


--
-- Name: book_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.book_id_seq', 3, true);


--
-- Name: customer_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.customer_id_seq', 3, true);


--
-- Name: import_run_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.import_run_id_seq', 1, false);


--
-- Name: inbox_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.inbox_id_seq', 1, false);


--
-- Name: link_failure_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.link_failure_id_seq', 1, false);


--
-- Name: message_finding_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.message_finding_id_seq', 1, false);


--
-- Name: meter_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.meter_id_seq', 3, true);


--
-- Name: outbox_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.outbox_id_seq', 16, true);


--
-- Name: payment_part_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.payment_part_id_seq', 20, true);


--
-- Name: payment_quote_failure_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.payment_quote_failure_id_seq', 1, false);


--
-- Name: payment_suspense_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.payment_suspense_id_seq', 1, false);


--
-- Name: premises_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.premises_id_seq', 3, true);


--
-- Name: unit_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.unit_id_seq', 3, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: agreement ex_agreement_overlap; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agreement
    ADD CONSTRAINT ex_agreement_overlap EXCLUDE USING gist (account_id WITH =, daterange(valid_from, valid_to) WITH &&);


--
-- Name: access_grant pk_access_grant; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT pk_access_grant PRIMARY KEY (id);


--
-- Name: account pk_account; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT pk_account PRIMARY KEY (id);


--
-- Name: agreement pk_agreement; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agreement
    ADD CONSTRAINT pk_agreement PRIMARY KEY (account_id, id);


--
-- Name: app_user pk_app_user; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT pk_app_user PRIMARY KEY (id);


--
-- Name: audit pk_audit; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (id);


--
-- Name: balance pk_balance; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.balance
    ADD CONSTRAINT pk_balance PRIMARY KEY (book_id, code, asset);


--
-- Name: bill pk_bill; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill
    ADD CONSTRAINT pk_bill PRIMARY KEY (account_id, id);


--
-- Name: bill_line pk_bill_line; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill_line
    ADD CONSTRAINT pk_bill_line PRIMARY KEY (account_id, bill_id, line_no);


--
-- Name: bill_line_code pk_bill_line_code; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill_line_code
    ADD CONSTRAINT pk_bill_line_code PRIMARY KEY (id);


--
-- Name: bill_settlement pk_bill_settlement; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill_settlement
    ADD CONSTRAINT pk_bill_settlement PRIMARY KEY (account_id, bill_id, id);


--
-- Name: book pk_book; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.book
    ADD CONSTRAINT pk_book PRIMARY KEY (id);


--
-- Name: claim pk_claim; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.claim
    ADD CONSTRAINT pk_claim PRIMARY KEY (kind, key);


--
-- Name: contact_point pk_contact_point; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.contact_point
    ADD CONSTRAINT pk_contact_point PRIMARY KEY (customer_id, id);


--
-- Name: customer pk_customer; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.customer
    ADD CONSTRAINT pk_customer PRIMARY KEY (id);


--
-- Name: idempotency pk_idempotency; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (caller, route, key);


--
-- Name: import_reject pk_import_reject; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_reject
    ADD CONSTRAINT pk_import_reject PRIMARY KEY (run_id, row_no, field);


--
-- Name: import_run pk_import_run; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_run
    ADD CONSTRAINT pk_import_run PRIMARY KEY (id);


--
-- Name: inbox pk_inbox; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT pk_inbox PRIMARY KEY (id);


--
-- Name: ledger_asset pk_ledger_asset; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_asset
    ADD CONSTRAINT pk_ledger_asset PRIMARY KEY (asset);


--
-- Name: ledger_check pk_ledger_check; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_check
    ADD CONSTRAINT pk_ledger_check PRIMARY KEY (name);


--
-- Name: ledger_code pk_ledger_code; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_code
    ADD CONSTRAINT pk_ledger_code PRIMARY KEY (code);


--
-- Name: ledger_horizon pk_ledger_horizon; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_horizon
    ADD CONSTRAINT pk_ledger_horizon PRIMARY KEY (id);


--
-- Name: ledger_rollup pk_ledger_rollup; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_rollup
    ADD CONSTRAINT pk_ledger_rollup PRIMARY KEY (code, asset);


--
-- Name: link_failure pk_link_failure; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.link_failure
    ADD CONSTRAINT pk_link_failure PRIMARY KEY (id);


--
-- Name: message pk_message; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message
    ADD CONSTRAINT pk_message PRIMARY KEY (owner, id);


--
-- Name: message_attempt pk_message_attempt; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message_attempt
    ADD CONSTRAINT pk_message_attempt PRIMARY KEY (id);


--
-- Name: message_finding pk_message_finding; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message_finding
    ADD CONSTRAINT pk_message_finding PRIMARY KEY (attempt_id, id);


--
-- Name: meter pk_meter; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.meter
    ADD CONSTRAINT pk_meter PRIMARY KEY (id);


--
-- Name: otp_challenge pk_otp_challenge; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.otp_challenge
    ADD CONSTRAINT pk_otp_challenge PRIMARY KEY (id);


--
-- Name: outbox pk_outbox; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);


--
-- Name: payment_attempt pk_payment_attempt; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT pk_payment_attempt PRIMARY KEY (id);


--
-- Name: payment_callback_refusal pk_payment_callback_refusal; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_callback_refusal
    ADD CONSTRAINT pk_payment_callback_refusal PRIMARY KEY (day, source, reason);


--
-- Name: payment_order pk_payment_order; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_order
    ADD CONSTRAINT pk_payment_order PRIMARY KEY (id);


--
-- Name: payment_part pk_payment_part; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT pk_payment_part PRIMARY KEY (account_id, id);


--
-- Name: payment_provider_certificate pk_payment_provider_certificate; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_provider_certificate
    ADD CONSTRAINT pk_payment_provider_certificate PRIMARY KEY (provider, serial);


--
-- Name: payment_provider_health pk_payment_provider_health; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_provider_health
    ADD CONSTRAINT pk_payment_provider_health PRIMARY KEY (provider);


--
-- Name: payment_quote pk_payment_quote; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_quote
    ADD CONSTRAINT pk_payment_quote PRIMARY KEY (id);


--
-- Name: payment_quote_failure pk_payment_quote_failure; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_quote_failure
    ADD CONSTRAINT pk_payment_quote_failure PRIMARY KEY (id);


--
-- Name: payment_suspense pk_payment_suspense; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT pk_payment_suspense PRIMARY KEY (id);


--
-- Name: point_lot pk_point_lot; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.point_lot
    ADD CONSTRAINT pk_point_lot PRIMARY KEY (book_id, no);


--
-- Name: point_lot_use pk_point_lot_use; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.point_lot_use
    ADD CONSTRAINT pk_point_lot_use PRIMARY KEY (book_id, no, lot_no);


--
-- Name: posting pk_posting; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT pk_posting PRIMARY KEY (book_id, no, line);


--
-- Name: premises pk_premises; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.premises
    ADD CONSTRAINT pk_premises PRIMARY KEY (id);


--
-- Name: refresh_token pk_refresh_token; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT pk_refresh_token PRIMARY KEY (token_hash);


--
-- Name: session_family pk_session_family; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session_family
    ADD CONSTRAINT pk_session_family PRIMARY KEY (id);


--
-- Name: sign_in_budget pk_sign_in_budget; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sign_in_budget
    ADD CONSTRAINT pk_sign_in_budget PRIMARY KEY (day, shard);


--
-- Name: sign_in_limit pk_sign_in_limit; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sign_in_limit
    ADD CONSTRAINT pk_sign_in_limit PRIMARY KEY (kind, key);


--
-- Name: txn pk_txn; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.txn
    ADD CONSTRAINT pk_txn PRIMARY KEY (book_id, no);


--
-- Name: unit pk_unit; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT pk_unit PRIMARY KEY (id);


--
-- Name: account uq_account_account_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT uq_account_account_no UNIQUE (account_no);


--
-- Name: app_user uq_app_user_phone_blind; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT uq_app_user_phone_blind UNIQUE (phone_blind);


--
-- Name: bill uq_bill_bill_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill
    ADD CONSTRAINT uq_bill_bill_no UNIQUE (account_id, bill_no);


--
-- Name: bill_line_code uq_bill_line_code_code; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill_line_code
    ADD CONSTRAINT uq_bill_line_code_code UNIQUE (code);


--
-- Name: book uq_book_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.book
    ADD CONSTRAINT uq_book_owner UNIQUE (owner_kind, owner_id);


--
-- Name: customer uq_customer_customer_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.customer
    ADD CONSTRAINT uq_customer_customer_no UNIQUE (customer_no);


--
-- Name: inbox uq_inbox_source_external_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT uq_inbox_source_external_id UNIQUE (source, external_id);


--
-- Name: ledger_asset uq_ledger_asset_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_asset
    ADD CONSTRAINT uq_ledger_asset_name UNIQUE (name);


--
-- Name: ledger_code uq_ledger_code_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_code
    ADD CONSTRAINT uq_ledger_code_name UNIQUE (name);


--
-- Name: message uq_message_owner_intent_channel; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message
    ADD CONSTRAINT uq_message_owner_intent_channel UNIQUE (owner, intent, channel);


--
-- Name: meter uq_meter_meter_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.meter
    ADD CONSTRAINT uq_meter_meter_no UNIQUE (meter_no);


--
-- Name: payment_attempt uq_payment_attempt_order_id_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT uq_payment_attempt_order_id_no UNIQUE (order_id, no);


--
-- Name: payment_attempt uq_payment_attempt_out_trade_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT uq_payment_attempt_out_trade_no UNIQUE (out_trade_no);


--
-- Name: payment_order uq_payment_order_payment_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_order
    ADD CONSTRAINT uq_payment_order_payment_no UNIQUE (payment_no);


--
-- Name: premises uq_premises_premises_no; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.premises
    ADD CONSTRAINT uq_premises_premises_no UNIQUE (premises_no);


--
-- Name: refresh_token uq_refresh_token_family_id_generation; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT uq_refresh_token_family_id_generation UNIQUE (family_id, generation);


--
-- Name: session_family uq_session_family_browser_hash; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session_family
    ADD CONSTRAINT uq_session_family_browser_hash UNIQUE (browser_hash);


--
-- Name: txn uq_txn_source; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.txn
    ADD CONSTRAINT uq_txn_source UNIQUE (book_id, source_id, source);


--
-- Name: unit uq_unit_code; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT uq_unit_code UNIQUE (code);


--
-- Name: unit uq_unit_path; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT uq_unit_path UNIQUE (path);


--
-- Name: ix_access_grant_account_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_access_grant_account_id ON public.access_grant USING btree (account_id) WHERE (revoked_at IS NULL);


--
-- Name: ix_account_customer_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_account_customer_id ON public.account USING btree (customer_id);


--
-- Name: ix_account_unit_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_account_unit_id ON public.account USING btree (unit_id);


--
-- Name: ix_audit_actor; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_audit_actor ON public.audit USING btree (actor, id);


--
-- Name: ix_audit_subject; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_audit_subject ON public.audit USING btree (subject, id);


--
-- Name: ix_bill_latest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_bill_latest ON public.bill USING btree (account_id, issue_date DESC, id DESC);


--
-- Name: ix_bill_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_bill_open ON public.bill USING btree (account_id, due_date, id) WHERE (open_minor > 0);


--
-- Name: ix_bill_opening; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_bill_opening ON public.bill USING btree (opening_run_id, account_id) WHERE (opening_run_id IS NOT NULL);


--
-- Name: ix_bill_settlement_payment_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_bill_settlement_payment_id ON public.bill_settlement USING btree (payment_id);


--
-- Name: ix_customer_tokens; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_customer_tokens ON public.customer USING gin (tokens);


--
-- Name: ix_idempotency_created_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_idempotency_created_at ON public.idempotency USING btree (created_at);


--
-- Name: ix_inbox_applied_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_inbox_applied_at ON public.inbox USING btree (applied_at) WHERE (applied_at IS NOT NULL);


--
-- Name: ix_inbox_due_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_inbox_due_at ON public.inbox USING btree (source, due_at) WHERE (applied_at IS NULL);


--
-- Name: ix_link_failure_account_no; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_link_failure_account_no ON public.link_failure USING btree (account_no, failed_at);


--
-- Name: ix_link_failure_user_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_link_failure_user_id ON public.link_failure USING btree (user_id, failed_at);


--
-- Name: ix_message_attempt_owner_message_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_message_attempt_owner_message_id ON public.message_attempt USING btree (owner, message_id);


--
-- Name: ix_message_due_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_message_due_at ON public.message USING btree (state, due_at) WHERE (due_at IS NOT NULL);


--
-- Name: ix_message_finished_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_message_finished_at ON public.message USING btree (finished_at) WHERE (finished_at IS NOT NULL);


--
-- Name: ix_message_pending; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_message_pending ON public.message USING btree (priority, due_at) WHERE (state = 'pending'::text);


--
-- Name: ix_message_unread; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_message_unread ON public.message USING btree (owner) WHERE ((channel = 'inbox'::text) AND (read_at IS NULL));


--
-- Name: ix_meter_account_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_meter_account_id ON public.meter USING btree (account_id);


--
-- Name: ix_otp_challenge_created_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_otp_challenge_created_at ON public.otp_challenge USING btree (created_at);


--
-- Name: ix_otp_challenge_phone_blind; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_otp_challenge_phone_blind ON public.otp_challenge USING btree (phone_blind, created_at);


--
-- Name: ix_payment_attempt_next_check_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_attempt_next_check_at ON public.payment_attempt USING btree (next_check_at) WHERE (next_check_at IS NOT NULL);


--
-- Name: ix_payment_order_payer_user_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_order_payer_user_id ON public.payment_order USING btree (payer_user_id, created_at DESC);


--
-- Name: ix_payment_order_quote_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_order_quote_id ON public.payment_order USING btree (quote_id) WHERE (quote_id IS NOT NULL);


--
-- Name: ix_payment_part_attempt_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_part_attempt_id ON public.payment_part USING btree (attempt_id);


--
-- Name: ix_payment_part_payable; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_part_payable ON public.payment_part USING btree (account_id, payable_kind, payable_id);


--
-- Name: ix_payment_quote_failure_account_no; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_quote_failure_account_no ON public.payment_quote_failure USING btree (account_no, failed_at);


--
-- Name: ix_payment_quote_failure_address_blind; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_quote_failure_address_blind ON public.payment_quote_failure USING btree (address_blind, failed_at);


--
-- Name: ix_payment_quote_failure_user_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_quote_failure_user_id ON public.payment_quote_failure USING btree (user_id, failed_at);


--
-- Name: ix_payment_quote_unused; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_quote_unused ON public.payment_quote USING btree (expires_at) WHERE (used_at IS NULL);


--
-- Name: ix_payment_quote_user_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_quote_user_id ON public.payment_quote USING btree (user_id, created_at);


--
-- Name: ix_payment_suspense_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_suspense_open ON public.payment_suspense USING btree (created_at) WHERE (state = 'open'::text);


--
-- Name: ix_payment_suspense_order_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_payment_suspense_order_id ON public.payment_suspense USING btree (order_id) WHERE (order_id IS NOT NULL);


--
-- Name: ix_point_lot_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_point_lot_expires_at ON public.point_lot USING btree (expires_at) WHERE (remaining > 0);


--
-- Name: ix_session_family_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_session_family_expires_at ON public.session_family USING btree (expires_at);


--
-- Name: ix_session_family_user_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_session_family_user_id ON public.session_family USING btree (user_id) WHERE (revoked_at IS NULL);


--
-- Name: ix_txn_recorded_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_txn_recorded_at ON public.txn USING brin (recorded_at);


--
-- Name: uq_access_grant_living; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_access_grant_living ON public.access_grant USING btree (user_id, account_id) WHERE (revoked_at IS NULL);


--
-- Name: uq_import_run_unfinished; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_import_run_unfinished ON public.import_run USING btree (kind, file_digest) WHERE (finished_at IS NULL);


--
-- Name: uq_message_intent_channel_address_blind; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_message_intent_channel_address_blind ON public.message USING btree (intent, channel, address_blind) WHERE (address_blind IS NOT NULL);


--
-- Name: uq_otp_challenge_living; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_otp_challenge_living ON public.otp_challenge USING btree (phone_blind, purpose) WHERE ((state = 'open'::text) AND (sending IS DISTINCT FROM 'withheld'::text));


--
-- Name: uq_payment_attempt_living; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_payment_attempt_living ON public.payment_attempt USING btree (order_id) WHERE (state = ANY (ARRAY['created'::text, 'prepared'::text, 'pending'::text, 'unknown'::text]));


--
-- Name: uq_payment_suspense_claimed; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_payment_suspense_claimed ON public.payment_suspense USING btree (provider, transaction_id, out_trade_no) WHERE (reason = 'transaction_claimed'::text);


--
-- Name: uq_payment_suspense_source_id_part_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_payment_suspense_source_id_part_id ON public.payment_suspense USING btree (source_id, part_id) NULLS NOT DISTINCT WHERE (source_id IS NOT NULL);


--
-- Name: message_attempt keep; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep BEFORE DELETE ON public.message_attempt FOR EACH ROW EXECUTE FUNCTION public.keep_attempt();


--
-- Name: message_finding keep; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep BEFORE DELETE ON public.message_finding FOR EACH ROW EXECUTE FUNCTION public.keep_finding();


--
-- Name: message keep_young; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_young BEFORE DELETE ON public.message FOR EACH ROW EXECUTE FUNCTION public.keep_young_message();


--
-- Name: audit refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: balance refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.balance FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: bill_settlement refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.bill_settlement FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: book refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.book FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: message_attempt refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON public.message_attempt FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: message_finding refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON public.message_finding FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: point_lot refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.point_lot FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: point_lot_use refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.point_lot_use FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: posting refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.posting FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: txn refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.txn FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: access_grant fk_access_grant_account_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT fk_access_grant_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);


--
-- Name: access_grant fk_access_grant_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT fk_access_grant_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);


--
-- Name: account fk_account_customer_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT fk_account_customer_id FOREIGN KEY (customer_id) REFERENCES public.customer(id);


--
-- Name: account fk_account_premises_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT fk_account_premises_id FOREIGN KEY (premises_id) REFERENCES public.premises(id);


--
-- Name: account fk_account_unit_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT fk_account_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);


--
-- Name: agreement fk_agreement_account_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agreement
    ADD CONSTRAINT fk_agreement_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);


--
-- Name: bill fk_bill_account_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill
    ADD CONSTRAINT fk_bill_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);


--
-- Name: bill_line fk_bill_line_account_id_bill_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill_line
    ADD CONSTRAINT fk_bill_line_account_id_bill_id FOREIGN KEY (account_id, bill_id) REFERENCES public.bill(account_id, id) ON DELETE CASCADE;


--
-- Name: bill_line fk_bill_line_code; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill_line
    ADD CONSTRAINT fk_bill_line_code FOREIGN KEY (code) REFERENCES public.bill_line_code(id);


--
-- Name: bill_settlement fk_bill_settlement_account_id_bill_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bill_settlement
    ADD CONSTRAINT fk_bill_settlement_account_id_bill_id FOREIGN KEY (account_id, bill_id) REFERENCES public.bill(account_id, id);


--
-- Name: contact_point fk_contact_point_customer_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.contact_point
    ADD CONSTRAINT fk_contact_point_customer_id FOREIGN KEY (customer_id) REFERENCES public.customer(id);


--
-- Name: import_reject fk_import_reject_run_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_reject
    ADD CONSTRAINT fk_import_reject_run_id FOREIGN KEY (run_id) REFERENCES public.import_run(id) ON DELETE CASCADE;


--
-- Name: message_attempt fk_message_attempt_owner_message_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message_attempt
    ADD CONSTRAINT fk_message_attempt_owner_message_id FOREIGN KEY (owner, message_id) REFERENCES public.message(owner, id) ON DELETE CASCADE;


--
-- Name: message_finding fk_message_finding_attempt_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message_finding
    ADD CONSTRAINT fk_message_finding_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.message_attempt(id) ON DELETE CASCADE;


--
-- Name: meter fk_meter_account_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.meter
    ADD CONSTRAINT fk_meter_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);


--
-- Name: payment_attempt fk_payment_attempt_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT fk_payment_attempt_order_id FOREIGN KEY (order_id) REFERENCES public.payment_order(id);


--
-- Name: payment_part fk_payment_part_account_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT fk_payment_part_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);


--
-- Name: payment_part fk_payment_part_attempt_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT fk_payment_part_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.payment_attempt(id);


--
-- Name: payment_part fk_payment_part_book_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT fk_payment_part_book_id FOREIGN KEY (book_id) REFERENCES public.book(id);


--
-- Name: payment_quote fk_payment_quote_account_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_quote
    ADD CONSTRAINT fk_payment_quote_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);


--
-- Name: payment_suspense fk_payment_suspense_attempt_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.payment_attempt(id);


--
-- Name: payment_suspense fk_payment_suspense_book_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_book_id FOREIGN KEY (book_id) REFERENCES public.book(id);


--
-- Name: payment_suspense fk_payment_suspense_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_order_id FOREIGN KEY (order_id) REFERENCES public.payment_order(id);


--
-- Name: refresh_token fk_refresh_token_family_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT fk_refresh_token_family_id FOREIGN KEY (family_id) REFERENCES public.session_family(id) ON DELETE CASCADE;


--
-- Name: session_family fk_session_family_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session_family
    ADD CONSTRAINT fk_session_family_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);


--
-- Name: unit fk_unit_parent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT fk_unit_parent_id FOREIGN KEY (parent_id) REFERENCES public.unit(id);


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA public TO wattline_app;


--
-- Name: FUNCTION bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamp with time zone) TO wattline_app;


--
-- Name: FUNCTION claim_take(p_kind text, p_key text, p_owner text); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.claim_take(p_kind text, p_key text, p_owner text) TO wattline_app;


--
-- Name: FUNCTION inbox_is_applied(p_source text, p_external_id text); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.inbox_is_applied(p_source text, p_external_id text) TO wattline_app;


--
-- Name: FUNCTION inbox_keep(p_source text, p_external_id text, p_body bytea); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.inbox_keep(p_source text, p_external_id text, p_body bytea) TO wattline_app;


--
-- Name: FUNCTION inbox_leave(p_id bigint); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.inbox_leave(p_id bigint) TO wattline_app;


--
-- Name: FUNCTION ledger_check_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_check_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]) FROM PUBLIC;


--
-- Name: FUNCTION ledger_ensure_books(p_owner_kind text, p_owner_ids bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_ensure_books(p_owner_kind text, p_owner_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_ensure_books(p_owner_kind text, p_owner_ids bigint[]) TO wattline_app;


--
-- Name: FUNCTION ledger_lock_books(p_books bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_lock_books(p_books bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_lock_books(p_books bigint[]) TO wattline_app;


--
-- Name: FUNCTION ledger_open_balance(p_book bigint, p_code smallint, p_asset smallint, p_amount bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_open_balance(p_book bigint, p_code smallint, p_asset smallint, p_amount bigint) FROM PUBLIC;


--
-- Name: FUNCTION ledger_points_earn(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_expires_at timestamp with time zone, p_event smallint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_points_earn(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_expires_at timestamp with time zone, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_earn(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_expires_at timestamp with time zone, p_event smallint) TO wattline_app;


--
-- Name: FUNCTION ledger_points_expire(p_at timestamp with time zone, p_limit integer, p_event smallint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_points_expire(p_at timestamp with time zone, p_limit integer, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_expire(p_at timestamp with time zone, p_limit integer, p_event smallint) TO wattline_app;


--
-- Name: FUNCTION ledger_points_expire_book(p_book bigint, p_source_id uuid, p_at timestamp with time zone, p_event smallint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_points_expire_book(p_book bigint, p_source_id uuid, p_at timestamp with time zone, p_event smallint) FROM PUBLIC;


--
-- Name: FUNCTION ledger_points_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_points_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) TO wattline_app;


--
-- Name: FUNCTION ledger_points_spend(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_event smallint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_points_spend(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_spend(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_event smallint) TO wattline_app;


--
-- Name: FUNCTION ledger_points_take(p_book bigint, p_no bigint, p_points bigint, p_first bigint, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_points_take(p_book bigint, p_no bigint, p_points bigint, p_first bigint, p_at timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION ledger_post(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_post(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_post(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) TO wattline_app;


--
-- Name: FUNCTION ledger_post_several(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_post_several(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) FROM PUBLIC;


--
-- Name: FUNCTION ledger_post_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_post_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_post_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) TO wattline_app;


--
-- Name: FUNCTION ledger_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) TO wattline_app;


--
-- Name: FUNCTION ledger_roll_up(p_most integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_roll_up(p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_roll_up(p_most integer) TO wattline_app;


--
-- Name: FUNCTION ledger_same_postings(p_book bigint, p_source smallint, p_source_id uuid, p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_same_postings(p_book bigint, p_source smallint, p_source_id uuid, p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]) FROM PUBLIC;


--
-- Name: FUNCTION ledger_set_floor(p_book bigint, p_code smallint, p_asset smallint, p_floor bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_set_floor(p_book bigint, p_code smallint, p_asset smallint, p_floor bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_set_floor(p_book bigint, p_code smallint, p_asset smallint, p_floor bigint) TO wattline_app;


--
-- Name: FUNCTION payment_book(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.payment_book(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.payment_book(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) TO wattline_app;


--
-- Name: FUNCTION payment_book_plain(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.payment_book_plain(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.payment_book_plain(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) TO wattline_app;


--
-- Name: FUNCTION payment_take(p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.payment_take(p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.payment_take(p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[]) TO wattline_app;


--
-- Name: PROCEDURE payment_take_each(IN p_sources text[], IN p_external_ids text[], IN p_bodies bytea[], IN p_providers text[], IN p_out_trade_nos text[], IN p_transaction_ids text[], IN p_amounts bigint[], IN p_currencies text[], IN p_paid_at timestamp with time zone[], IN p_now timestamp with time zone[], IN p_kinds text[], IN p_settles text[], INOUT p_taken boolean[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON PROCEDURE public.payment_take_each(IN p_sources text[], IN p_external_ids text[], IN p_bodies bytea[], IN p_providers text[], IN p_out_trade_nos text[], IN p_transaction_ids text[], IN p_amounts bigint[], IN p_currencies text[], IN p_paid_at timestamp with time zone[], IN p_now timestamp with time zone[], IN p_kinds text[], IN p_settles text[], INOUT p_taken boolean[]) FROM PUBLIC;
GRANT ALL ON PROCEDURE public.payment_take_each(IN p_sources text[], IN p_external_ids text[], IN p_bodies bytea[], IN p_providers text[], IN p_out_trade_nos text[], IN p_transaction_ids text[], IN p_amounts bigint[], IN p_currencies text[], IN p_paid_at timestamp with time zone[], IN p_now timestamp with time zone[], IN p_kinds text[], IN p_settles text[], INOUT p_taken boolean[]) TO wattline_app;


--
-- Name: FUNCTION payment_view(p_payment_no text, p_user uuid, p_session uuid, p_now timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.payment_view(p_payment_no text, p_user uuid, p_session uuid, p_now timestamp with time zone) TO wattline_app;


--
-- Name: TABLE access_grant; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.access_grant TO wattline_app;


--
-- Name: TABLE account; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.account TO wattline_app;


--
-- Name: TABLE agreement; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.agreement TO wattline_app;


--
-- Name: TABLE alembic_version; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.alembic_version TO wattline_app;


--
-- Name: TABLE app_user; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.app_user TO wattline_app;


--
-- Name: TABLE audit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.audit TO wattline_app;


--
-- Name: TABLE balance; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.balance TO wattline_app;


--
-- Name: TABLE bill; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.bill TO wattline_app;


--
-- Name: TABLE bill_line; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bill_line TO wattline_app;


--
-- Name: TABLE bill_line_code; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.bill_line_code TO wattline_app;


--
-- Name: TABLE bill_settlement; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.bill_settlement TO wattline_app;


--
-- Name: TABLE book; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.book TO wattline_app;


--
-- Name: TABLE claim; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.claim TO wattline_app;


--
-- Name: TABLE contact_point; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contact_point TO wattline_app;


--
-- Name: TABLE customer; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.customer TO wattline_app;


--
-- Name: TABLE posting; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.posting TO wattline_app;


--
-- Name: TABLE entry; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.entry TO wattline_app;


--
-- Name: TABLE idempotency; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency TO wattline_app;


--
-- Name: TABLE import_reject; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_reject TO wattline_app;


--
-- Name: TABLE import_run; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_run TO wattline_app;


--
-- Name: TABLE inbox; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox TO wattline_app;


--
-- Name: TABLE ledger_asset; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.ledger_asset TO wattline_app;


--
-- Name: TABLE ledger_check; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.ledger_check TO wattline_app;


--
-- Name: TABLE ledger_code; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.ledger_code TO wattline_app;


--
-- Name: TABLE ledger_horizon; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.ledger_horizon TO wattline_app;


--
-- Name: TABLE ledger_rollup; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.ledger_rollup TO wattline_app;


--
-- Name: TABLE link_failure; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.link_failure TO wattline_app;


--
-- Name: TABLE message; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message TO wattline_app;


--
-- Name: TABLE message_attempt; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.message_attempt TO wattline_app;


--
-- Name: TABLE message_finding; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.message_finding TO wattline_app;


--
-- Name: TABLE meter; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.meter TO wattline_app;


--
-- Name: TABLE otp_challenge; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.otp_challenge TO wattline_app;


--
-- Name: TABLE outbox; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO wattline_app;


--
-- Name: TABLE payment_attempt; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_attempt TO wattline_app;


--
-- Name: TABLE payment_callback_refusal; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_callback_refusal TO wattline_app;


--
-- Name: TABLE payment_order; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_order TO wattline_app;


--
-- Name: TABLE payment_part; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_part TO wattline_app;


--
-- Name: TABLE payment_provider_certificate; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_provider_certificate TO wattline_app;


--
-- Name: TABLE payment_provider_health; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_provider_health TO wattline_app;


--
-- Name: TABLE payment_quote; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.payment_quote TO wattline_app;


--
-- Name: TABLE payment_quote_failure; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.payment_quote_failure TO wattline_app;


--
-- Name: TABLE payment_suspense; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_suspense TO wattline_app;


--
-- Name: TABLE point_lot; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.point_lot TO wattline_app;


--
-- Name: TABLE point_lot_use; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.point_lot_use TO wattline_app;


--
-- Name: TABLE premises; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.premises TO wattline_app;


--
-- Name: TABLE refresh_token; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.refresh_token TO wattline_app;


--
-- Name: TABLE session_family; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.session_family TO wattline_app;


--
-- Name: TABLE sign_in_budget; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_budget TO wattline_app;


--
-- Name: TABLE sign_in_limit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_limit TO wattline_app;


--
-- Name: TABLE txn; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.txn TO wattline_app;


--
-- Name: TABLE unit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.unit TO wattline_app;


--
-- PostgreSQL database dump complete
--


