-- Made by `python -m tools.schema --write` from the migrations. Do not edit.

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE DOMAIN public.ledger_owner_kind AS text
	CONSTRAINT ck_ledger_owner_kind CHECK ((VALUE = ANY (ARRAY['account'::text, 'person'::text, 'supplier'::text, 'partner'::text])));

CREATE FUNCTION public.account_access(p_user uuid, p_account_no text, p_permission text, p_now timestamp with time zone DEFAULT now()) RETURNS TABLE(account_id bigint, role text, scope text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select a.id, g.role, g.scope
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

CREATE FUNCTION public.account_gaps(p_first bigint, p_last bigint, p_today date) RETURNS TABLE(account_id bigint, unit_id integer, expected integer, gaps integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select a.id, a.unit_id, x.expected, x.expected & x.missing
  from account a
  join customer c on c.id = a.customer_id
  join premises p on p.id = a.premises_id
  left join account_profile f on f.account_id = a.id
  cross join lateral (
    select
      1 | 2 | 4 | 8 | 256 | 512 | 1024 | 2048 | 8192 | 16384
        | case when a.class = 'residential' then 4096 else 32768 end
        | case when a.state = 'active' then 65536 else 0 end
        | case when f.account_id is not null then 131072 else 0 end as expected,
      case when c.name_masked = '' then 1 else 0 end
        | case when p.district = '' or p.street = '' then 2 else 0 end
        | case when exists (select from meter m where m.account_id = a.id and m.removed_on is null) then 0 else 4 end
        | case when exists (
            select from agreement g where g.account_id = a.id and g.valid_from <= p_today and (g.valid_to is null or g.valid_to > p_today)
          ) then 0 else 8 end
        | case when exists (select from contact_point k where k.customer_id = c.id and k.kind = 'phone') then 0 else 256 end
        | case when exists (select from contact_point k where k.customer_id = c.id and k.kind = 'email') then 0 else 512 end
        | case when f.contact_by is null then 1024 else 0 end
        | case when f.has_ev_charger is null then 2048 else 0 end
        | case when f.has_heat_pump is null then 4096 else 0 end
        | case when f.has_solar is null then 8192 else 0 end
        | case when f.has_storage is null then 16384 else 0 end
        | case when f.has_generator is null then 32768 else 0 end
        | case when a.last_bill_issued > p_today - 100 then 0 else 65536 end
        | case when f.confirmed_at >= p_today - 730 then 0 else 131072 end as missing
  ) x
  where a.id between p_first and p_last and a.state <> 'closed'
$$;

CREATE FUNCTION public.account_group_leave() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  delete from account_group_member m using account_group g
  where g.id = m.group_id and g.user_id = new.user_id and m.account_id = new.account_id;
  return null;
end $$;

CREATE FUNCTION public.account_group_members(p_user uuid, p_group uuid, p_now timestamp with time zone) RETURNS TABLE(group_id uuid, account_id bigint, scope text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select m.group_id, m.account_id, r.scope
  from account_group g
  join account_group_member m on m.group_id = g.id
  join access_grant r on r.user_id = g.user_id and r.account_id = m.account_id and r.revoked_at is null
  where g.user_id = p_user
    and (p_group is null or g.id = p_group)
    and r.role in ('owner', 'payer')
    and r.valid_from <= p_now
    and (r.valid_to is null or r.valid_to > p_now)
$$;

CREATE FUNCTION public.account_note_holder() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  new.customer_id := (select a.customer_id from account a where a.id = new.account_id);
  return new;
end $$;

CREATE FUNCTION public.account_notes_erase(p_customer bigint, p_now timestamp with time zone) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with gone as (
    update account_note set text = '', text_sealed = null, erased_at = p_now where customer_id = p_customer and erased_at is null returning 1
  )
  select count(*) from gone
$$;

CREATE FUNCTION public.account_notes_seal(p_accounts bigint[], p_ids uuid[], p_sealed bytea[]) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with done as (
    update account_note n set text = '', text_sealed = s.sealed
    from unnest(p_accounts, p_ids, p_sealed) s (account_id, id, sealed)
    where n.account_id = s.account_id and n.id = s.id and n.text <> '' returning 1
  )
  select count(*) from done
$$;

CREATE FUNCTION public.account_notes_strike(p_accounts bigint[], p_digits text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare
  v_pattern text;
  v_struck bigint;
begin
  if p_digits !~ '^[0-9]{8,15}$' then
    raise exception 'no telephone number' using errcode = 'invalid_parameter_value';
  end if;
  if exists (select from account_note where account_id = any(p_accounts) and text_sealed is not null) then
    raise exception 'notes about these accounts are sealed' using errcode = 'object_not_in_prerequisite_state';
  end if;
  v_pattern := '[+(]?([0-9][ .()-]{0,2}){0,7}' || regexp_replace(right(p_digits, 8), '(.)(?=.)', '\1[ .()-]{0,2}', 'g');
  update account_note set text = regexp_replace(text, v_pattern, '***', 'g') where account_id = any(p_accounts) and text ~ v_pattern;
  get diagnostics v_struck = row_count;
  return v_struck;
end $_$;

CREATE FUNCTION public.audit_forget(p_actor text) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with forgotten as (update audit set address = null where actor = p_actor and address is not null returning 1)
  select count(*) from forgotten
$$;

CREATE FUNCTION public.audit_strike(p_subjects text[], p_since timestamp with time zone[], p_until timestamp with time zone[]) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with struck as (
    update audit u set after = u.after || '{"reason": "***"}'
    from unnest(p_subjects, p_since, p_until) s (subject, since, until)
    where u.subject = s.subject and u.after ? 'reason'
      and u.recorded_at between coalesce(s.since, '-infinity') and coalesce(s.until, 'infinity')
    returning 1
  )
  select count(*) from struck
$$;

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

CREATE FUNCTION public.bound_terms(p_unit integer, p_terms bigint[]) RETURNS TABLE(terms bigint[])
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select array(select t # (p_unit::bigint << 42) from unnest(p_terms) t)
$$;

CREATE FUNCTION public.claim_take(p_kind text, p_key text, p_owner text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  insert into claim (kind, key, owner) values (p_kind, p_key, p_owner) on conflict do nothing;
  return found;
end $$;

CREATE FUNCTION public.identity_erase(p_user uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  delete from app_user u where u.id = p_user
    and exists (select from erasure e where e.user_id = u.id and e.done_at is null)
$$;

CREATE FUNCTION public.inbox_is_applied(p_source text, p_external_id text) RETURNS boolean
    LANGUAGE sql
    AS $$
  select applied_at is not null from inbox where source = p_source and external_id = p_external_id for update
$$;

CREATE FUNCTION public.inbox_keep(p_source text, p_external_id text, p_body bytea, p_subject text, p_outcome text) RETURNS bigint
    LANGUAGE sql
    AS $$
  insert into inbox (source, external_id, body, applied_at, subject, outcome)
  values (p_source, p_external_id, p_body, now(), p_subject, p_outcome)
  on conflict (source, external_id) do nothing returning id
$$;

CREATE FUNCTION public.inbox_leave(p_id bigint) RETURNS void
    LANGUAGE sql
    AS $$
  update inbox set applied_at = null, outcome = null where id = p_id
$$;

CREATE FUNCTION public.keep_act() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if (to_jsonb(new) - '{address,after}'::text[]) = (to_jsonb(old) - '{address,after}'::text[])
    and (new.address is null or new.address = old.address)
    and (new.after is not distinct from old.after
      or old.after ? 'reason' and new.after = old.after || '{"reason": "***"}'::jsonb) then
    return new;
  end if;
  raise exception 'audit is append-only' using errcode = 'restrict_violation';
end $$;

CREATE FUNCTION public.keep_attempt() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from message where owner = old.owner and id = old.message_id) then
    raise exception 'an attempt is kept as long as its message' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;

CREATE FUNCTION public.keep_finding() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from message_attempt where id = old.attempt_id) then
    raise exception 'a finding is kept as long as its attempt' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;

CREATE FUNCTION public.keep_note() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  v_is_less boolean := case
    when new.text_sealed is null then
      old.text_sealed is null and (new.text = old.text or length(new.text) < length(old.text)) or new.text = '' and new.erased_at is not null
    when old.text_sealed is null then sealed_length(new.text_sealed) = octet_length(old.text) + 30
    else new.text = old.text and (new.text_sealed = old.text_sealed or sealed_length(new.text_sealed) < sealed_length(old.text_sealed)
      or sealed_length(new.text_sealed) = sealed_length(old.text_sealed)
        and substr(new.text_sealed, 3, get_byte(new.text_sealed, 1)) <> substr(old.text_sealed, 3, get_byte(old.text_sealed, 1)))
  end;
begin
  if v_is_less and (old.erased_at is null or new.erased_at = old.erased_at)
    and (to_jsonb(new) - '{text,text_sealed,erased_at}'::text[]) = (to_jsonb(old) - '{text,text_sealed,erased_at}'::text[]) then
    return new;
  end if;
  raise exception 'account_note is append-only' using errcode = 'restrict_violation';
end $$;

CREATE FUNCTION public.keep_young_message() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if old.finished_at is null or old.finished_at > now() - interval '400 days' then
    raise exception 'a message is kept for 400 days' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;

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

CREATE FUNCTION public.ledger_points_earn(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_expires_at timestamp with time zone, p_event smallint DEFAULT NULL::smallint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_no bigint;
begin
  v_no := (ledger_post_points(array[p_book], '{13}', array[p_source_id], array[p_effective_at], '{1}', '{5900}', '{2900}', '{1}',
    array[p_points], array[p_event]))[1];
  if v_no > 0 then
    insert into point_lot (book_id, no, earned, remaining, expires_at) values (p_book, v_no, p_points, p_points, p_expires_at);
  end if;
  return v_no;
end $$;

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
  v_no := (ledger_post_points(array[p_book], '{15}', array[p_source_id], array[p_at], '{1}', '{2900}', '{4901}', '{1}',
    array[v_points], array[p_event]))[1];
  with due as (
    update point_lot set remaining = 0 where book_id = p_book and remaining > 0 and expires_at <= p_at
    returning new.no, old.remaining as points
  )
  insert into point_lot_use (book_id, no, lot_no, points) select p_book, v_no, due.no, due.points from due;
  return v_no;
end $$;

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
  v_no := ledger_reverse_points(p_book, p_source, p_source_id, p_effective_at, p_event);
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

CREATE FUNCTION public.ledger_points_spend(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_event smallint DEFAULT NULL::smallint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_no bigint;
begin
  v_no := (ledger_post_points(array[p_book], '{14}', array[p_source_id], array[p_effective_at], '{1}', '{2900}', '{4900}', '{1}',
    array[p_points], array[p_event]))[1];
  if v_no > 0 then
    perform ledger_points_take(p_book, v_no, p_points, null, p_effective_at);
  end if;
  return v_no;
end $$;

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
  if cardinality(p_books) <> 1 or cardinality(p_amounts) <> p_counts[1] or p_counts[1] < 1 or 1 = any (p_assets) then
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

CREATE FUNCTION public.ledger_post_points(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[] DEFAULT NULL::smallint[]) RETURNS bigint[]
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

CREATE FUNCTION public.ledger_post_several(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_numbers bigint[];
  v_first integer := 1;
  v_last integer;
begin
  if 1 = any (p_assets) then raise exception 'points move with their lots' using errcode = 'LG005'; end if;
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

CREATE FUNCTION public.ledger_reverse_points(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint DEFAULT NULL::smallint) RETURNS bigint
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
  return (ledger_post_points(array[p_book], array[(-p_source)::smallint], array[p_source_id], array[p_effective_at], array[v_count],
    v_credits, v_debits, v_assets, v_amounts, array[p_event]))[1];
end $$;

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

CREATE FUNCTION public.living_service_at(p_client uuid, p_secret uuid, p_address inet, p_now timestamp with time zone DEFAULT now()) RETURNS TABLE(scopes text[])
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select c.scopes from service_client c join service_client_secret s on s.service_client_id = c.id
  where c.id = p_client and s.id = p_secret and c.state = 'active' and (s.expires_at is null or s.expires_at > p_now)
    and service_calls_from(c.networks, p_address)
$$;

CREATE FUNCTION public.living_session(p_session uuid, p_now timestamp with time zone DEFAULT now()) RETURNS TABLE(user_id uuid)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select user_id from session_family where id = p_session and revoked_at is null and idle_until > p_now
$$;

CREATE FUNCTION public.make_interval_month(p_month date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_name text := 'interval_day_' || to_char(p_month, 'YYYY_MM');
begin
  if p_month is null or extract(day from p_month) <> 1 or p_month < date '2000-01-01' or p_month > now() + interval '1 year' then
    raise exception 'no month of readings: %', p_month using errcode = 'MT001';
  end if;
  if to_regclass(v_name) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(7211003);
  if to_regclass(v_name) is not null then
    return;
  end if;
  execute format('create table %I (like interval_day including defaults including constraints including indexes including storage)', v_name);
  execute format('alter table interval_day attach partition %I for values from (%L) to (%L)',
    v_name, p_month, (p_month + interval '1 month')::date);
end $$;

CREATE FUNCTION public.move_gap() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update account_gap set unit_id = new.unit_id where account_id = new.id;
  return null;
end $$;

CREATE FUNCTION public.move_readings() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update reading_quarantine set unit_id = new.unit_id where account_id = new.id;
  update reading_finding set unit_id = new.unit_id where account_id = new.id;
  return null;
end $$;

CREATE FUNCTION public.move_suspense() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update payment_suspense set unit_ids = suspense_units(account_id, order_id) where unit_ids @> array[old.unit_id];
  return null;
end $$;

CREATE FUNCTION public.note_agreements() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    insert into holding_change (account_id, on_day)
    select n.account_id, d.on_day from now_there n cross join lateral (values (n.valid_from), (n.valid_to)) d (on_day) where d.on_day is not null;
  else
    insert into holding_change (account_id, on_day)
    select distinct n.account_id, d.on_day
    from there_before o
    join now_there n on n.account_id = o.account_id and n.id = o.id
    cross join lateral (values (o.valid_from), (n.valid_from), (o.valid_to), (n.valid_to)) d (on_day)
    where (o.tariff_code, o.valid_from, o.valid_to) is distinct from (n.tariff_code, n.valid_from, n.valid_to) and d.on_day is not null
      and ((o.tariff_code, o.valid_from) <> (n.tariff_code, n.valid_from) or d.on_day <> n.valid_from);
  end if;
  return null;
end $$;

CREATE FUNCTION public.note_holder() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if new.holder_since > old.holder_since then
    insert into holder_before (account_id, since) values (old.id, old.holder_since) on conflict do nothing;
  else
    delete from holder_before where account_id = old.id and (since >= new.holder_since or new.holder_since is null);
  end if;
  insert into holding_change (account_id, on_day)
  select new.id, d.on_day from (values (old.holder_since), (new.holder_since)) d (on_day) where d.on_day is not null;
  return null;
end $$;

CREATE FUNCTION public.order_state(p_order uuid, p_state text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select case when p_state <> 'suspended' then p_state else (
    select case when coalesce(bool_or(state = 'open'), true) then p_state when bool_or(state = 'assigned') then 'assigned' else 'returned' end
    from order_suspense(p_order)) end
$$;

CREATE FUNCTION public.order_suspense(p_order uuid) RETURNS TABLE(id bigint, row_id bigint, attempt_id uuid, reason text, account_id bigint, part_id bigint, state text, amount_minor bigint, currency text, paid_at timestamp with time zone, transaction_id text, decided_at timestamp with time zone, assigned_account_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select coalesce(m.id, s.id), s.id, s.attempt_id, s.reason, s.account_id, s.part_id, w.state, coalesce(m.amount_minor, s.amount_minor), coalesce(m.currency, s.currency),
    coalesce(m.paid_at, s.paid_at), s.transaction_id,
    case w.state when 'assigned' then coalesce(m.assigned_at, s.assigned_at) when 'returned' then r.created_at end,
    case w.state when 'assigned' then coalesce(m.assigned_account_id, s.assigned_account_id) end
  from payment_suspense s
  left join lateral (
    select f.id, f.order_id, f.state, f.amount_minor, f.currency, f.paid_at, f.assigned_at, f.assigned_account_id, f.refund_id,
      exists (
        select from payment_attempt t join payment_part p on p.attempt_id = t.id
        where t.order_id = p_order and p.account_id = f.assigned_account_id) as is_given_here
    from payment_suspense f
    where s.book_id is null and f.transaction_id = s.transaction_id and f.provider = s.provider and f.book_id is not null
  ) m on m.order_id is null or m.order_id <> s.order_id and m.is_given_here
  cross join lateral (select coalesce(m.state, s.state) as state) w
  left join payment_refund r on r.id = coalesce(m.refund_id, s.refund_id)
  where s.order_id = p_order and (s.state <> 'matched' or m.is_given_here)
$$;

CREATE FUNCTION public.payment_book(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text DEFAULT 'default'::text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return payment_book_plain(p_provider, p_out_trade_no, p_transaction_id, p_amount, p_currency, p_paid_at, p_now, p_kinds, p_settles,
    p_merchant);
exception when others then
  raise warning 'payment_book: % %', sqlstate, sqlerrm;
  return null;
end $$;

CREATE FUNCTION public.payment_book_plain(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text DEFAULT 'default'::text) RETURNS uuid
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
end $_$;

CREATE FUNCTION public.payment_feed_note_part() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into payment_feed_pending (kind, ref, account_id) values ('booked', new.id, new.account_id);
  return null;
end $$;

CREATE FUNCTION public.payment_feed_note_refund() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.payment_feed_note_suspense() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    insert into payment_feed_pending (kind, ref, account_id) values ('suspended', new.id, new.account_id);
  else
    insert into payment_feed_pending (kind, ref, account_id) values ('assigned', new.id, new.assigned_account_id);
  end if;
  return null;
end $$;

CREATE FUNCTION public.payment_feed_note_unassigned() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into payment_feed_pending (kind, ref, account_id) values ('unassigned', new.id, new.assigned_account_id);
  return null;
end $$;

CREATE FUNCTION public.payment_take(p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text DEFAULT 'default'::text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE PROCEDURE public.payment_take_each(IN p_sources text[], IN p_external_ids text[], IN p_bodies bytea[], IN p_providers text[], IN p_out_trade_nos text[], IN p_transaction_ids text[], IN p_amounts bigint[], IN p_currencies text[], IN p_paid_at timestamp with time zone[], IN p_now timestamp with time zone[], IN p_kinds text[], IN p_settles text[], INOUT p_taken boolean[], IN p_merchants text[] DEFAULT NULL::text[])
    LANGUAGE plpgsql
    AS $$
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
        jsonb_build_object('account_no', c.account_no, 'kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
          'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id)
      from payment_part p join account c on c.id = p.account_id where p.attempt_id = a.id) end,
    'suspense', coalesce((
      select jsonb_agg(
        jsonb_build_object('amount', jsonb_build_object('amount_minor', s.amount_minor, 'currency', s.currency),
          'outcome', case s.state when 'open' then 'suspended' when 'returned' then 'returned' else 'booked' end, 'decided_at', s.decided_at,
          'account_no', (
            select c.account_no from account c
            where c.id = s.assigned_account_id and (
              exists (select from payment_part p where p.attempt_id = a.id and p.account_id = c.id)
              or exists (select from account_access(p_user, c.account_no, 'view', p_now)))),
          'no', case when o.quote_id is null then (
            select p.payable_no from payment_part p where p.account_id = s.account_id and p.id = s.part_id) end) order by s.id)
      from order_suspense(o.id) s where s.attempt_id = a.id and s.reason <> 'second_transaction'), '[]'::jsonb),
    'also_received', coalesce((
      select jsonb_agg(
        jsonb_build_object('amount', jsonb_build_object('amount_minor', r.amount_minor, 'currency', r.currency), 'paid_at', r.paid_at,
          'provider_reference', r.transaction_id, 'outcome', r.outcome, 'parts', r.parts) order by r.paid_at, r.transaction_id)
      from (
        select coalesce(s.amount_minor, t.amount_minor) as amount_minor, coalesce(s.currency, t.currency) as currency, t.paid_at, t.transaction_id,
          case when s.state = 'open' or (s.state is null and not exists (
            select from payment_part p where p.attempt_id = t.id and p.outcome = 'booked')) then 'suspended'
            when s.state = 'returned' then 'returned' else 'booked' end as outcome,
          case when o.quote_id is not null or s.state is not null then '[]'::jsonb else (
            select jsonb_agg(
              jsonb_build_object('account_no', c.account_no, 'kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
                'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id)
            from payment_part p join account c on c.id = p.account_id where p.attempt_id = t.id) end as parts
        from payment_attempt t left join order_suspense(o.id) s on s.attempt_id = t.id and s.transaction_id = t.transaction_id
          and s.reason in ('amount_differs', 'transaction_claimed')
        where t.order_id = o.id and t.state = 'paid' and t.id <> a.id and not (s.id is null and exists (
          select from payment_suspense n where n.order_id = o.id and n.attempt_id = t.id and n.state = 'matched'))
        union all
        select s.amount_minor, s.currency, s.paid_at, s.transaction_id, case s.state when 'open' then 'suspended' when 'returned' then 'returned' else 'booked' end, '[]'::jsonb
        from payment_suspense s where s.order_id = o.id and s.reason = 'second_transaction'
      ) r), '[]'::jsonb))
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

CREATE FUNCTION public.place_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
  if new.unit_id is not null then
    return new;
  elsif new.subject ~ '^account:[0-9]{1,18}$' then
    new.unit_id := (select unit_id from account where id = substr(new.subject, 9)::bigint);
  elsif new.subject like 'account\_no:%' then
    new.unit_id := (select unit_id from account where account_no = substr(new.subject, 12));
  elsif new.after ->> 'account_id' ~ '^[0-9]{1,18}$' then
    new.unit_id := (select unit_id from account where id = (new.after ->> 'account_id')::bigint);
  end if;
  return new;
end $_$;

CREATE FUNCTION public.place_reading() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  select unit_id into new.unit_id from account where id = new.account_id for key share;
  return new;
end $$;

CREATE FUNCTION public.place_suspense() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.unit_ids := suspense_units(new.account_id, new.order_id);
  return new;
end $$;

CREATE FUNCTION public.premises_address(p_district text, p_street text, p_building text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat_ws(' '::text, NULLIF(p_district, ''::text), NULLIF(p_street, ''::text), NULLIF(p_building, ''::text));

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

CREATE FUNCTION public.sealed_length(p_sealed bytea) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT
    AS $$
  select octet_length(p_sealed) - get_byte(p_sealed, 1)
$$;

CREATE FUNCTION public.search_moved_account() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform write_account_search(array[new.id]);
  return null;
end $$;

CREATE FUNCTION public.search_new_accounts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform write_account_search((select array_agg(id) from added));
  return null;
end $$;

CREATE FUNCTION public.search_renamed_customer() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform write_account_search((select array_agg(id) from account where customer_id = new.id));
  return null;
end $$;

CREATE FUNCTION public.search_renamed_premises() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform write_account_search((select array_agg(id) from account where premises_id = new.id));
  return null;
end $$;

CREATE FUNCTION public.search_terms(p_tokens bytea[], p_pairs text[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT array_agg(n.term) AS array_agg
    FROM ( SELECT (substr(k.k, 1, 8))::bigint AS term
            FROM unnest(search_terms.p_tokens) k(k)
         UNION ALL
          SELECT (((ascii(p.p))::bigint << 21) | (ascii(substr(p.p, 2)))::bigint)
            FROM unnest(search_terms.p_pairs) p(p)) n;
END;

CREATE FUNCTION public.service_calls_from(p_networks cidr[], p_address inet) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select p_networks = '{}' or coalesce((select bool_or(p_address <<= n) from unnest(p_networks) n), false)
$$;

CREATE FUNCTION public.service_units(p_client uuid) RETURNS TABLE(unit_id integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select u.id
  from unit u
  where exists (
    select from service_unit g join unit r on r.id = g.unit_id
    where g.service_client_id = p_client and u.path >= r.path and u.path < left(r.path, -1) || '0'
  )
$$;

CREATE FUNCTION public.staff_bound(p_staff uuid, p_now timestamp with time zone DEFAULT now()) RETURNS TABLE(staff_id uuid)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  with recursive makers (id) as (
    select p_staff
    union
    select m.id
    from makers x
    cross join lateral (
      select unnest(array[s.invited_by, s.reset_by]) from staff s where s.id = x.id
      union all
      select g.granted_by
      from staff_grant g
      where g.staff_id = x.id and g.revoked_at is null and (g.valid_to is null or g.valid_to > p_now)
        and exists (select from staff_role_permission p where p.role = g.role and p.permission like '%.approve')
    ) m (id)
    where m.id is not null
  ), made (id) as (
    select p_staff
    union
    select m.id
    from made x
    cross join lateral (
      select s.id from staff s where s.invited_by = x.id
      union all
      select s.id from staff s where s.reset_by = x.id
    ) m
  )
  select id from makers union select id from made
$$;

CREATE FUNCTION public.staff_units(p_staff uuid, p_permission text, p_now timestamp with time zone DEFAULT now()) RETURNS TABLE(unit_id integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select u.id
  from unit u
  where exists (
    select
    from staff_grant g
    join staff s on s.id = g.staff_id and s.state = 'active'
    join staff_role_permission p on p.role = g.role and p.permission = p_permission
    join unit r on r.id = g.unit_id
    where g.staff_id = p_staff
      and g.revoked_at is null
      and g.valid_from <= p_now
      and (g.valid_to is null or g.valid_to > p_now)
      and u.path >= r.path
      and u.path < left(r.path, -1) || '0'
  )
$$;

CREATE FUNCTION public.suspense_units(p_account bigint, p_order uuid) RETURNS integer[]
    LANGUAGE sql STABLE
    AS $$
  select coalesce(array_agg(distinct a.unit_id order by a.unit_id), '{}')
  from (
    select p_account as id where p_account is not null
    union
    select p.account_id from payment_attempt q join payment_part p on p.attempt_id = q.id where q.order_id = p_order and p_account is null
  ) n
  join account a on a.id = n.id
$$;

CREATE FUNCTION public.tariff_version_keep() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_may_change text[] := case old.state
    when 'draft' then '{valid_from,valid_to,document,periods,state,note,revision,is_correction,request_id,changed_at}'
    when 'proposed' then '{state,revision,request_id,changed_at,published_at}'
    when 'published' then '{valid_to}'
    else '{}'
  end;
  v_next text[] := case old.state
    when 'draft' then '{draft,proposed,withdrawn}'
    when 'proposed' then '{draft,published,withdrawn}'
    else array[old.state]
  end;
begin
  if new.state = any (v_next) and to_jsonb(new) - v_may_change = to_jsonb(old) - v_may_change
    and (old.state = 'draft' or new.document::text = old.document::text)
    and (old.state <> 'published' or (new.valid_to is not null and new.valid_to < coalesce(old.valid_to, 'infinity'))) then
    return new;
  end if;
  raise exception 'a version of a tariff that is % does not change like that', old.state using errcode = 'restrict_violation';
end $$;

CREATE FUNCTION public.tariff_version_number() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform from tariff where code = new.tariff_code for no key update;
  new.version_no := (select coalesce(max(v.version_no), 0) + 1 from tariff_version v where v.tariff_code = new.tariff_code);
  if new.state <> 'draft' then
    raise exception 'a version of a tariff begins as a draft' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

CREATE FUNCTION public.text_pairs(p_text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT array_agg(DISTINCT substr(n.t, g.at, 2)) AS array_agg
    FROM ( SELECT regexp_replace(lower(NORMALIZE(text_pairs.p_text, NFKC)), '\s'::text, ''::text, 'g'::text) AS t) n,
     LATERAL generate_series(1, (length(n.t) - 1)) g(at);
END;

CREATE FUNCTION public.usage_cycle(p_account_id bigint, p_code text, p_first_day date, p_cycle_first date, p_cycle_end date) RETURNS TABLE(since date, until date, months bigint, used_before bigint)
    LANGUAGE sql STABLE
    AS $$
  select s.since, s.until,
    case when s.spans <= 1 then greatest(1, least(12, (extract(year from s.until) - extract(year from s.since)) * 12
        + extract(month from s.until) - extract(month from s.since) + (extract(day from s.until) > 1)::integer))::bigint
      else (
        select count(distinct d.month) from unnest(s.firsts, s.ends) x (first_day, end_day)
        cross join lateral generate_series(date_trunc('month', x.first_day::timestamp), (x.end_day - 1)::timestamp, interval '1 month') d (month)) end,
    (select coalesce(sum(m.energy), 0)::bigint from usage_month m
     where m.account_id = p_account_id and m.month >= date_trunc('month', s.since)::date and m.first_day >= s.since
       and m.first_day < p_first_day
       and (s.spans <= 1 or exists (
         select from unnest(s.firsts, s.ends) x (first_day, end_day) where m.first_day >= x.first_day and m.first_day < x.end_day)))
  from (
    select coalesce(min(g.first_day), w.first_day) as since, coalesce(max(g.end_day), w.end_day) as until, count(g.first_day) as spans,
      array_agg(g.first_day) as firsts, array_agg(g.end_day) as ends
    from (
      select greatest(p_cycle_first, h.since) as first_day, least(p_cycle_end, h.until) as end_day
      from (
        select max(b.since) filter (where b.since <= p_first_day) as since, min(b.since) filter (where b.since > p_first_day) as until
        from (
          select a.holder_since as since from account a where a.id = p_account_id and a.holder_since is not null
          union all
          select e.since from account a join holder_before e on e.account_id = a.id where a.id = p_account_id and a.holder_since is not null) b) h) w
    left join lateral (
      select greatest(g.valid_from, w.first_day) as first_day, least(g.valid_to, w.end_day) as end_day
      from agreement g
      where g.account_id = p_account_id and g.valid_from < w.end_day and (g.valid_to is null or g.valid_to > w.first_day)
        and (g.tariff_code = p_code or exists (
          select from tariff t
          join tariff o on o.code = g.tariff_code and o.class = t.class
          join tariff_version v on v.tariff_code = o.code and v.state = 'published'
            and v.document -> 'tiers' ->> 'cycle' = case when p_cycle_end - p_cycle_first > 31 then 'year' else 'month' end
          where t.code = p_code))) g on true
    group by w.first_day, w.end_day) s
$$;

CREATE FUNCTION public.usage_cycle_days(p_document jsonb, p_month date) RETURNS TABLE(first_day date, end_day date)
    LANGUAGE sql STABLE
    AS $$
  select d.first_day, (d.first_day + d.length)::date
  from (
    select case when t.by_year
        then make_date(extract(year from p_month)::integer - (extract(month from p_month) < t.first_month)::integer, t.first_month, 1)
        else p_month end as first_day,
      case when t.by_year then interval '1 year' else interval '1 month' end as length
    from (
      select coalesce(p_document -> 'tiers' ->> 'cycle' = 'year', false) as by_year,
        coalesce((p_document -> 'tiers' ->> 'first_month')::integer, 1) as first_month) t) d
$$;

CREATE FUNCTION public.write_account_search(p_accounts bigint[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into account_search as s (account_id, unit_id, account_no, terms)
  select a.id, a.unit_id, a.account_no, b.terms
  from account a
  join customer c on c.id = a.customer_id
  join premises p on p.id = a.premises_id
  cross join lateral bound_terms(a.unit_id, search_terms(c.tokens, text_pairs(premises_address(p.district, p.street, p.building)))) b
  where a.id = any(p_accounts)
  order by a.id
  on conflict (account_id) do update set unit_id = excluded.unit_id, terms = excluded.terms
    where (s.unit_id, s.terms) is distinct from (excluded.unit_id, excluded.terms)
$$;

CREATE TABLE public.access_grant (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    account_id bigint NOT NULL,
    role text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    revoked_at timestamp with time zone,
    scope text DEFAULT 'full'::text NOT NULL,
    granted_by uuid,
    ended_why text,
    ended_holder_id bigint,
    CONSTRAINT ck_access_grant_ended CHECK (((ended_why IS NULL) OR (revoked_at IS NOT NULL))),
    CONSTRAINT ck_access_grant_ended_holder CHECK (((NOT (ended_why IS DISTINCT FROM 'holder_changed'::text)) = (ended_holder_id IS NOT NULL))),
    CONSTRAINT ck_access_grant_ended_why CHECK ((ended_why = ANY (ARRAY['given_up'::text, 'revoked'::text, 'replaced'::text, 'giver_gone'::text, 'holder_changed'::text]))),
    CONSTRAINT ck_access_grant_owner CHECK (((role <> 'owner'::text) OR ((scope = 'full'::text) AND (granted_by IS NULL)))),
    CONSTRAINT ck_access_grant_period CHECK ((valid_to > valid_from)),
    CONSTRAINT ck_access_grant_role CHECK ((role = ANY (ARRAY['owner'::text, 'payer'::text, 'viewer'::text]))),
    CONSTRAINT ck_access_grant_scope CHECK ((scope = ANY (ARRAY['full'::text, 'totals'::text])))
);

CREATE TABLE public.access_invitation (
    id uuid NOT NULL,
    account_id bigint NOT NULL,
    invited_by uuid NOT NULL,
    phone_sealed bytea,
    phone_blind bytea NOT NULL,
    phone_masked text NOT NULL,
    role text NOT NULL,
    scope text NOT NULL,
    access_until timestamp with time zone,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT ck_access_invitation_ended CHECK ((((state = 'open'::text) = (ended_at IS NULL)) AND ((state = 'open'::text) = (phone_sealed IS NOT NULL)))),
    CONSTRAINT ck_access_invitation_period CHECK ((expires_at > created_at)),
    CONSTRAINT ck_access_invitation_role CHECK ((role = ANY (ARRAY['payer'::text, 'viewer'::text]))),
    CONSTRAINT ck_access_invitation_scope CHECK ((scope = ANY (ARRAY['full'::text, 'totals'::text]))),
    CONSTRAINT ck_access_invitation_state CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'declined'::text, 'withdrawn'::text, 'expired'::text])))
)
WITH (fillfactor='80');

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
    last_bill_told_at timestamp with time zone,
    holder_since date,
    CONSTRAINT ck_account_class CHECK ((class = ANY (ARRAY['residential'::text, 'commercial'::text, 'industrial'::text, 'agricultural'::text]))),
    CONSTRAINT ck_account_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_account_last_bill CHECK (((last_bill_minor IS NULL) = (last_bill_issued IS NULL))),
    CONSTRAINT ck_account_no CHECK ((account_no ~ '^[0-9A-Za-z-]{4,32}$'::text)),
    CONSTRAINT ck_account_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'closed'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.account_gap (
    account_id bigint NOT NULL,
    unit_id integer NOT NULL,
    gaps integer NOT NULL,
    CONSTRAINT ck_account_gap_gaps CHECK ((gaps > 0))
);

CREATE TABLE public.account_group (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_account_group_name CHECK (((length(name) >= 1) AND (length(name) <= 60)))
);

CREATE TABLE public.account_group_member (
    group_id uuid NOT NULL,
    account_id bigint NOT NULL
);

ALTER TABLE public.account ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.account_look (
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    session_id uuid NOT NULL,
    account_id bigint NOT NULL,
    grant_id uuid NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT ck_account_look_time CHECK (((expires_at > begun_at) AND (expires_at <= (begun_at + '01:00:00'::interval))))
);

CREATE TABLE public.account_note (
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    written_by uuid NOT NULL,
    written_at timestamp with time zone NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    customer_id bigint NOT NULL,
    erased_at timestamp with time zone,
    text_sealed bytea,
    CONSTRAINT ck_account_note_text CHECK (((length(text) <= 2000) AND (octet_length(text_sealed) <= 8400) AND ((((text <> ''::text))::integer + ((text_sealed IS NOT NULL))::integer) = ((erased_at IS NULL))::integer)))
);

CREATE TABLE public.account_profile (
    account_id bigint NOT NULL,
    contact_by text,
    household_size smallint,
    has_ev_charger boolean,
    has_heat_pump boolean,
    has_solar boolean,
    has_storage boolean,
    has_generator boolean,
    confirmed_at timestamp with time zone NOT NULL,
    confirmed_by text NOT NULL,
    CONSTRAINT ck_account_profile_confirmed_by CHECK ((confirmed_by = ANY (ARRAY['customer'::text, 'staff'::text]))),
    CONSTRAINT ck_account_profile_contact_by CHECK ((contact_by = ANY (ARRAY['phone'::text, 'sms'::text, 'wechat'::text, 'email'::text]))),
    CONSTRAINT ck_account_profile_household_size CHECK (((household_size >= 1) AND (household_size <= 99)))
);

CREATE TABLE public.account_search (
    account_id bigint NOT NULL,
    unit_id integer NOT NULL,
    account_no text NOT NULL,
    terms bigint[] NOT NULL
);

CREATE TABLE public.agreement (
    account_id bigint NOT NULL,
    id smallint NOT NULL,
    tariff_code text NOT NULL,
    is_prepaid boolean NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT ck_agreement_period CHECK ((valid_to > valid_from))
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

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

CREATE TABLE public.approval_request (
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    unit_id integer NOT NULL,
    amount_minor bigint,
    currency text,
    payload jsonb NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    decided_why text,
    decision_proved_at timestamp with time zone,
    CONSTRAINT ck_approval_request_amount CHECK (((amount_minor IS NULL) = (currency IS NULL))),
    CONSTRAINT ck_approval_request_closed CHECK (((state = 'requested'::text) = (decided_at IS NULL))),
    CONSTRAINT ck_approval_request_decided CHECK (((state = ANY (ARRAY['approved'::text, 'refused'::text])) = (decided_by IS NOT NULL))),
    CONSTRAINT ck_approval_request_kind CHECK ((kind ~ '^[a-z_]+[.][a-z_]+$'::text)),
    CONSTRAINT ck_approval_request_period CHECK ((expires_at > requested_at)),
    CONSTRAINT ck_approval_request_proved CHECK (((state <> 'approved'::text) OR (decision_proved_at IS NOT NULL))),
    CONSTRAINT ck_approval_request_reason CHECK (((length(reason) >= 1) AND (length(reason) <= 500))),
    CONSTRAINT ck_approval_request_second_person CHECK ((decided_by <> requested_by)),
    CONSTRAINT ck_approval_request_state CHECK ((state = ANY (ARRAY['requested'::text, 'approved'::text, 'refused'::text, 'withdrawn'::text, 'expired'::text, 'overtaken'::text]))),
    CONSTRAINT ck_approval_request_subject CHECK (((length(subject) >= 1) AND (length(subject) <= 200))),
    CONSTRAINT ck_approval_request_why CHECK ((length(decided_why) <= 500))
)
WITH (fillfactor='80');

CREATE TABLE public.audit (
    id bigint NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    address text,
    before jsonb,
    after jsonb,
    unit_id integer
);

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

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

ALTER TABLE public.bill ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.bill_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

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

CREATE TABLE public.bill_line_code (
    id smallint NOT NULL,
    code text NOT NULL,
    ledger_code text NOT NULL
);

CREATE TABLE public.bill_settlement (
    account_id bigint NOT NULL,
    bill_id bigint NOT NULL,
    id bigint NOT NULL,
    payment_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    settled_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_bill_settlement_amount CHECK ((amount_minor <> 0))
);

ALTER TABLE public.bill_settlement ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.bill_settlement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.billing_mode (
    account_id bigint NOT NULL,
    native_from date NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.book (
    id bigint NOT NULL,
    owner_kind public.ledger_owner_kind NOT NULL,
    owner_id bigint NOT NULL,
    version bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05');

ALTER TABLE public.book ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.book_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.claim (
    kind text NOT NULL,
    key text NOT NULL,
    owner text NOT NULL
);

CREATE TABLE public.consent (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    text_version smallint NOT NULL,
    decision text NOT NULL,
    edge text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_consent_decision CHECK ((decision = ANY (ARRAY['given'::text, 'withdrawn'::text]))),
    CONSTRAINT ck_consent_edge CHECK ((edge = ANY (ARRAY['api'::text, 'portal'::text]))),
    CONSTRAINT ck_consent_purpose CHECK ((purpose = ANY (ARRAY['marketing'::text, 'analysis'::text]))),
    CONSTRAINT ck_consent_text_version CHECK ((text_version > 0))
);

ALTER TABLE public.consent ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.consent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

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

CREATE TABLE public.customer (
    id bigint NOT NULL,
    customer_no text NOT NULL,
    kind text NOT NULL,
    name_sealed bytea NOT NULL,
    name_masked text NOT NULL,
    tokens bytea[] NOT NULL,
    fingerprint bytea NOT NULL,
    erased_at timestamp with time zone,
    last_left_at timestamp with time zone,
    CONSTRAINT ck_customer_kind CHECK ((kind = ANY (ARRAY['person'::text, 'business'::text]))),
    CONSTRAINT ck_customer_no CHECK (((length(customer_no) >= 1) AND (length(customer_no) <= 32)))
);

ALTER TABLE public.customer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.customer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.data_correction (
    id uuid NOT NULL,
    account_id bigint NOT NULL,
    customer_id bigint NOT NULL,
    field text NOT NULL,
    before_shown text NOT NULL,
    after_shown text NOT NULL,
    after_sealed bytea,
    file_said text,
    proposed_at timestamp with time zone NOT NULL,
    applied_at timestamp with time zone,
    premises_id bigint,
    effective_on date,
    document text DEFAULT ''::text NOT NULL,
    before_said text,
    CONSTRAINT ck_data_correction_dated CHECK (((field = ANY (ARRAY['meter'::text, 'tariff'::text, 'payment_mode'::text])) = (effective_on IS NOT NULL))),
    CONSTRAINT ck_data_correction_field CHECK ((field = ANY (ARRAY['name'::text, 'kind'::text, 'use_class'::text, 'district'::text, 'street'::text, 'building'::text, 'door'::text, 'meter'::text, 'tariff'::text, 'payment_mode'::text]))),
    CONSTRAINT ck_data_correction_holds CHECK (((file_said IS NULL) OR (applied_at IS NOT NULL))),
    CONSTRAINT ck_data_correction_open CHECK (((applied_at IS NULL) OR (after_sealed IS NULL)))
);

CREATE TABLE public.data_export (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    made_at timestamp with time zone,
    expires_at timestamp with time zone,
    document_sealed bytea,
    failures smallint DEFAULT 0 NOT NULL,
    error text,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_data_export_made CHECK ((((made_at IS NULL) = (document_sealed IS NULL)) AND ((made_at IS NULL) = (expires_at IS NULL))))
);

CREATE TABLE public.dry_run (
    id uuid NOT NULL,
    staff_id uuid,
    service_client_id uuid,
    tariff_code text NOT NULL,
    version_no integer NOT NULL,
    document jsonb NOT NULL,
    month date NOT NULL,
    unit_ids integer[] NOT NULL,
    state text NOT NULL,
    behind bigint DEFAULT 0 NOT NULL,
    accounts integer DEFAULT 0 NOT NULL,
    of_accounts integer NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_dry_run_asker CHECK (((staff_id IS NULL) <> (service_client_id IS NULL))),
    CONSTRAINT ck_dry_run_counts CHECK (((accounts >= 0) AND (of_accounts >= 0))),
    CONSTRAINT ck_dry_run_due CHECK (((state = 'asked'::text) = (due_at IS NOT NULL))),
    CONSTRAINT ck_dry_run_state CHECK ((state = ANY (ARRAY['asked'::text, 'ready'::text, 'refused'::text, 'failed'::text])))
);

CREATE TABLE public.dry_run_account (
    run_id uuid NOT NULL,
    account_id bigint NOT NULL,
    before_minor bigint,
    after_minor bigint,
    currency text,
    is_by_tried boolean,
    faults jsonb,
    CONSTRAINT ck_dry_run_account_priced CHECK ((((faults IS NULL) = (before_minor IS NOT NULL)) AND ((faults IS NULL) = (after_minor IS NOT NULL)) AND ((faults IS NULL) = (currency IS NOT NULL)) AND ((faults IS NULL) = (is_by_tried IS NULL))))
);

CREATE TABLE public.entitlement (
    account_id bigint NOT NULL,
    id smallint NOT NULL,
    customer_id bigint NOT NULL,
    kind text NOT NULL,
    value numeric(12,3) NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    document text DEFAULT ''::text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_entitlement_dates CHECK ((valid_to >= valid_from)),
    CONSTRAINT ck_entitlement_document CHECK ((length(document) <= 200)),
    CONSTRAINT ck_entitlement_kind CHECK ((kind ~ '^[a-z][a-z0-9_]{0,31}$'::text)),
    CONSTRAINT ck_entitlement_value CHECK (
CASE kind
    WHEN 'persons'::text THEN (((value >= (1)::numeric) AND (value <= (99)::numeric)) AND (value = trunc(value)))
    WHEN 'contract_kw'::text THEN (value > (0)::numeric)
    WHEN 'transformer_kva'::text THEN (value > (0)::numeric)
    ELSE (value = (1)::numeric)
END)
);

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

CREATE TABLE public.erasure (
    user_id uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    failures smallint DEFAULT 0 NOT NULL,
    error text,
    failing_since timestamp with time zone,
    CONSTRAINT ck_erasure_period CHECK ((due_at >= asked_at))
);

CREATE TABLE public.holder_before (
    account_id bigint NOT NULL,
    since date NOT NULL
);

CREATE TABLE public.holding_change (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    on_day date NOT NULL
);

ALTER TABLE public.holding_change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.holding_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.holiday (
    day date NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    CONSTRAINT ck_holiday_kind CHECK ((kind = ANY (ARRAY['holiday'::text, 'workday'::text]))),
    CONSTRAINT ck_holiday_name CHECK ((name ~ '^[a-z][a-z0-9_]{0,39}$'::text))
);

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

CREATE TABLE public.import_amount (
    run_id bigint NOT NULL,
    unit_id integer NOT NULL,
    currency text NOT NULL,
    kind text NOT NULL,
    bills bigint NOT NULL,
    amount_minor numeric(38,0) NOT NULL,
    open_minor numeric(38,0) NOT NULL,
    owed_minor numeric(38,0) NOT NULL,
    CONSTRAINT ck_import_amount_kind CHECK ((kind = ANY (ARRAY['open'::text, 'opening'::text, 'settled'::text])))
)
WITH (fillfactor='50');

CREATE TABLE public.import_reject (
    run_id bigint NOT NULL,
    row_no bigint NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    unit_id integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.import_run (
    id bigint NOT NULL,
    kind text NOT NULL,
    file_digest bytea NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    rows_rejected bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    mode text DEFAULT 'load'::text NOT NULL,
    file_name text,
    file_bytes bigint,
    actor text DEFAULT 'command:import'::text NOT NULL,
    is_full boolean DEFAULT false NOT NULL,
    scope text DEFAULT ''::text NOT NULL,
    signed_off_id bigint,
    rows_new bigint DEFAULT 0 NOT NULL,
    rows_changed bigint DEFAULT 0 NOT NULL,
    rows_unchanged bigint DEFAULT 0 NOT NULL,
    vanished bigint,
    known bigint,
    trimmed_at timestamp with time zone,
    CONSTRAINT ck_import_run_digest CHECK ((length(file_digest) = 32)),
    CONSTRAINT ck_import_run_mode CHECK ((mode = ANY (ARRAY['load'::text, 'check'::text]))),
    CONSTRAINT ck_import_run_rows CHECK (((rows_rejected >= 0) AND (rows_rejected <= rows_done))),
    CONSTRAINT ck_import_run_scope CHECK ((is_full OR (scope = ''::text))),
    CONSTRAINT ck_import_run_taken CHECK (((LEAST(rows_new, rows_changed, rows_unchanged) >= 0) AND ((((rows_new + rows_changed) + rows_unchanged) + rows_rejected) <= rows_done))),
    CONSTRAINT ck_import_run_vanished CHECK ((((vanished IS NULL) = (known IS NULL)) AND ((vanished >= 0) AND (vanished <= known))))
);

ALTER TABLE public.import_run ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.import_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.import_seen (
    run_id bigint NOT NULL,
    kind text NOT NULL,
    key bigint NOT NULL,
    said jsonb,
    CONSTRAINT ck_import_seen_kind CHECK ((kind = ANY (ARRAY['account'::text, 'bill'::text, 'number'::text, 'meter'::text])))
);

CREATE TABLE public.import_sign_off (
    run_id bigint NOT NULL,
    staff_id uuid NOT NULL,
    signed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.import_total (
    run_id bigint NOT NULL,
    unit_id integer NOT NULL,
    rows_new bigint DEFAULT 0 NOT NULL,
    rows_changed bigint DEFAULT 0 NOT NULL,
    rows_unchanged bigint DEFAULT 0 NOT NULL,
    rows_rejected bigint DEFAULT 0 NOT NULL,
    accounts bigint DEFAULT 0 NOT NULL,
    vanished bigint DEFAULT 0 NOT NULL,
    is_dry boolean DEFAULT false NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.import_vanished (
    run_id bigint NOT NULL,
    unit_id integer NOT NULL,
    account_no text NOT NULL,
    bill_no text DEFAULT ''::text NOT NULL,
    open_minor bigint,
    currency text,
    CONSTRAINT ck_import_vanished_bill CHECK ((((bill_no <> ''::text) = (open_minor IS NOT NULL)) AND ((open_minor IS NULL) = (currency IS NULL))))
);

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
    subject text,
    outcome text,
    CONSTRAINT ck_inbox_external_id CHECK (((length(external_id) >= 1) AND (length(external_id) <= 128)))
);

ALTER TABLE public.inbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.inbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.interval_day (
    account_id bigint NOT NULL,
    series_id smallint NOT NULL,
    day date NOT NULL,
    energies bigint[] NOT NULL,
    qualities text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    run_id bigint,
    CONSTRAINT ck_interval_day_elements CHECK ((((cardinality(energies) >= 1) AND (cardinality(energies) <= 100)) AND (cardinality(energies) = length(qualities)))),
    CONSTRAINT ck_interval_day_qualities CHECK ((translate(qualities, 'aesm'::text, ''::text) = ''::text))
)
PARTITION BY RANGE (day);

CREATE TABLE public.interval_day_revision (
    account_id bigint NOT NULL,
    series_id smallint NOT NULL,
    day date NOT NULL,
    id bigint NOT NULL,
    energies bigint[] NOT NULL,
    qualities text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    run_id bigint,
    replaced_at timestamp with time zone NOT NULL,
    replaced_by text NOT NULL,
    replaced_why text NOT NULL
);

ALTER TABLE public.interval_day_revision ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.interval_day_revision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.interval_estimate (
    account_id bigint NOT NULL,
    series_id smallint NOT NULL,
    day date NOT NULL,
    id bigint NOT NULL,
    first smallint NOT NULL,
    elements smallint NOT NULL,
    rule text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    CONSTRAINT ck_interval_estimate_elements CHECK ((((first >= 0) AND (first <= 99)) AND ((elements >= 1) AND (elements <= 100))))
);

ALTER TABLE public.interval_estimate ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.interval_estimate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.key_rotation (
    table_name text NOT NULL,
    column_name text NOT NULL,
    key_id text NOT NULL,
    after jsonb,
    resealed bigint DEFAULT 0 NOT NULL,
    found bigint DEFAULT 0 NOT NULL,
    unreadable bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT ck_key_rotation_counts CHECK (((resealed >= 0) AND (found >= 0) AND (unreadable >= 0)))
);

CREATE TABLE public.ledger_asset (
    asset smallint NOT NULL,
    name text NOT NULL,
    CONSTRAINT ck_ledger_asset_name CHECK ((name ~ '^[A-Z]{3}$'::text))
);

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

CREATE TABLE public.ledger_code (
    code smallint NOT NULL,
    name text NOT NULL,
    floor bigint,
    CONSTRAINT ck_ledger_code_range CHECK (((code >= 1000) AND (code <= 5999)))
);

CREATE TABLE public.ledger_horizon (
    id smallint DEFAULT 1 NOT NULL,
    horizon timestamp with time zone NOT NULL,
    candidate timestamp with time zone,
    candidate_xid bigint,
    CONSTRAINT ck_ledger_horizon_single CHECK ((id = 1))
);

CREATE TABLE public.ledger_rollup (
    code smallint NOT NULL,
    asset smallint NOT NULL,
    balance numeric(30,0) NOT NULL
);

CREATE TABLE public.link_failure (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    account_no text NOT NULL,
    failed_at timestamp with time zone NOT NULL
);

ALTER TABLE public.link_failure ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.link_failure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

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
    account_ids bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    about_user uuid,
    CONSTRAINT ck_message_address CHECK ((((address_sealed IS NULL) = (address_blind IS NULL)) AND ((channel = 'sms'::text) OR (address_sealed IS NULL)) AND ((channel <> 'sms'::text) OR (address_sealed IS NOT NULL) OR (due_at IS NULL)))),
    CONSTRAINT ck_message_channel CHECK ((channel = ANY (ARRAY['sms'::text, 'inbox'::text]))),
    CONSTRAINT ck_message_due CHECK (((due_at IS NOT NULL) = (state = ANY (ARRAY['pending'::text, 'sending'::text, 'unknown'::text, 'accepted'::text])))),
    CONSTRAINT ck_message_lease CHECK (((state <> ALL (ARRAY['sending'::text, 'unknown'::text])) OR (lease_token IS NOT NULL))),
    CONSTRAINT ck_message_link CHECK ((link ~ '^/[^/]'::text)),
    CONSTRAINT ck_message_owner CHECK ((owner ~ '^(user:[0-9a-f-]{36}|customer:[0-9]+|invitation:[0-9a-f-]{36})$'::text)),
    CONSTRAINT ck_message_priority CHECK ((priority = ANY (ARRAY[0, 1]))),
    CONSTRAINT ck_message_read CHECK (((read_at IS NULL) OR (channel = 'inbox'::text))),
    CONSTRAINT ck_message_state CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'unknown'::text, 'accepted'::text, 'delivered'::text, 'undelivered'::text, 'expired'::text, 'suppressed'::text, 'dead'::text])))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');

CREATE TABLE public.message_attempt (
    id uuid NOT NULL,
    owner text NOT NULL,
    message_id uuid NOT NULL,
    attempt_no smallint NOT NULL,
    provider text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL
);

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

ALTER TABLE public.message_finding ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.message_finding_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.meter (
    id bigint NOT NULL,
    meter_no text NOT NULL,
    account_id bigint NOT NULL,
    installed_on date,
    removed_on date,
    CONSTRAINT ck_meter_dates CHECK ((removed_on >= installed_on)),
    CONSTRAINT ck_meter_no CHECK (((length(meter_no) >= 1) AND (length(meter_no) <= 32)))
);

ALTER TABLE public.meter ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.meter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.meter_register (
    account_id bigint NOT NULL,
    id smallint NOT NULL,
    meter_no text NOT NULL,
    kind text NOT NULL,
    digits smallint,
    multiplier numeric(12,6) DEFAULT 1 NOT NULL,
    CONSTRAINT ck_meter_register_digits CHECK (((digits >= 3) AND (digits <= 12))),
    CONSTRAINT ck_meter_register_id CHECK ((id > 0)),
    CONSTRAINT ck_meter_register_kind CHECK ((kind = ANY (ARRAY['total'::text, 'peak'::text, 'flat'::text, 'valley'::text, 'sharp'::text, 'deep_valley'::text, 'export'::text, 'reactive'::text]))),
    CONSTRAINT ck_meter_register_multiplier CHECK ((multiplier > (0)::numeric))
);

CREATE TABLE public.moved_meter (
    meter_no text NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL
);

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
    CONSTRAINT ck_otp_challenge_purpose CHECK ((purpose = ANY (ARRAY['sign_in'::text, 'erase'::text, 'export'::text]))),
    CONSTRAINT ck_otp_challenge_sending CHECK ((sending = ANY (ARRAY['accepted'::text, 'refused'::text, 'unknown'::text, 'withheld'::text]))),
    CONSTRAINT ck_otp_challenge_state CHECK ((state = ANY (ARRAY['open'::text, 'used'::text, 'burnt'::text, 'voided'::text]))),
    CONSTRAINT ck_otp_challenge_tries CHECK (((tries >= 0) AND (tries <= 5)))
)
WITH (fillfactor='80');

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

ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.own_reading (
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    register_id smallint NOT NULL,
    user_id uuid,
    day date NOT NULL,
    told_at timestamp with time zone NOT NULL,
    value bigint NOT NULL,
    reading_id bigint,
    held_id uuid,
    photo_id uuid,
    photos smallint DEFAULT 0 NOT NULL,
    replaced_at timestamp with time zone,
    CONSTRAINT ck_own_reading_became CHECK (((reading_id IS NULL) <> (held_id IS NULL))),
    CONSTRAINT ck_own_reading_photos CHECK ((photos >= 0)),
    CONSTRAINT ck_own_reading_value CHECK ((value >= 0))
);

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
    merchant text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT ck_payment_attempt_amount CHECK ((amount_minor > 0)),
    CONSTRAINT ck_payment_attempt_merchant CHECK (((merchant ~ '^[a-z0-9](-?[a-z0-9])*$'::text) AND (length(merchant) <= 32))),
    CONSTRAINT ck_payment_attempt_no CHECK ((no >= 1)),
    CONSTRAINT ck_payment_attempt_out_trade_no CHECK ((out_trade_no ~ '^[0-9A-Za-z]{20,32}$'::text)),
    CONSTRAINT ck_payment_attempt_paid CHECK ((((state = 'paid'::text) = (transaction_id IS NOT NULL)) AND ((state = 'paid'::text) = (paid_at IS NOT NULL)))),
    CONSTRAINT ck_payment_attempt_request_hash CHECK ((length(request_hash) = 32)),
    CONSTRAINT ck_payment_attempt_state CHECK ((state = ANY (ARRAY['created'::text, 'prepared'::text, 'pending'::text, 'unknown'::text, 'paid'::text, 'closed'::text, 'failed'::text])))
)
WITH (fillfactor='70');

CREATE TABLE public.payment_callback_refusal (
    day date NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    refusals bigint NOT NULL,
    CONSTRAINT ck_payment_callback_refusal_reason CHECK ((reason ~ '^[a-z_]{1,32}$'::text))
)
WITH (fillfactor='50');

CREATE TABLE public.payment_feed (
    no bigint NOT NULL,
    unit_id integer,
    kind text NOT NULL,
    ref bigint NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    account_id bigint,
    attempt_id uuid,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    settled jsonb NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    posting_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    CONSTRAINT ck_payment_feed_account CHECK ((((account_id IS NULL) = (unit_id IS NULL)) AND ((account_id IS NOT NULL) OR (kind = ANY (ARRAY['suspended'::text, 'returned'::text, 'return_failed'::text]))))),
    CONSTRAINT ck_payment_feed_amount CHECK (((amount_minor <> 0) AND ((kind = ANY (ARRAY['unassigned'::text, 'returned'::text])) = (amount_minor < 0)))),
    CONSTRAINT ck_payment_feed_kind CHECK ((kind = ANY (ARRAY['booked'::text, 'suspended'::text, 'assigned'::text, 'unassigned'::text, 'returned'::text, 'return_failed'::text])))
);

CREATE TABLE public.payment_feed_pending (
    kind text NOT NULL,
    ref bigint NOT NULL,
    account_id bigint,
    noted_at timestamp with time zone DEFAULT now() NOT NULL,
    posting_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    CONSTRAINT ck_payment_feed_pending_kind CHECK ((kind = ANY (ARRAY['booked'::text, 'suspended'::text, 'assigned'::text, 'unassigned'::text, 'returned'::text, 'return_failed'::text])))
);

CREATE TABLE public.payment_feed_state (
    id smallint DEFAULT 1 NOT NULL,
    last_no bigint DEFAULT 0 NOT NULL,
    fill_from bigint,
    fill_to bigint,
    CONSTRAINT ck_payment_feed_state_fill CHECK ((fill_from <= fill_to)),
    CONSTRAINT ck_payment_feed_state_id CHECK ((id = 1)),
    CONSTRAINT ck_payment_feed_state_no CHECK ((last_no >= 0))
);

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

ALTER TABLE public.payment_part ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_part_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payment_provider_certificate (
    provider text NOT NULL,
    serial text NOT NULL,
    pem text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL
);

CREATE TABLE public.payment_provider_health (
    provider text NOT NULL,
    failures integer NOT NULL,
    open_until timestamp with time zone,
    answered_at timestamp with time zone,
    failed_at timestamp with time zone
);

CREATE TABLE public.payment_quote (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    account_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.payment_quote_failure (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    address_blind bytea NOT NULL,
    account_no text NOT NULL,
    failed_at timestamp with time zone NOT NULL
);

ALTER TABLE public.payment_quote_failure ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_quote_failure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payment_refund (
    id uuid NOT NULL,
    out_refund_no text NOT NULL,
    suspense_id bigint NOT NULL,
    provider text NOT NULL,
    transaction_id text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    book_id bigint NOT NULL,
    posting_id uuid NOT NULL,
    request bytea NOT NULL,
    state text NOT NULL,
    refund_id text,
    refused_reason text,
    why text NOT NULL,
    requested_by uuid NOT NULL,
    approved_by uuid,
    created_at timestamp with time zone NOT NULL,
    unanswered_since timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    next_check_at timestamp with time zone,
    checks smallint DEFAULT 0 NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    contested_told text,
    decided_by uuid,
    decided_why text,
    merchant text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT ck_payment_refund_decided CHECK (((num_nonnulls(decided_by, decided_why) = ANY (ARRAY[0, 2])) AND ((decided_by IS NULL) OR (state = ANY (ARRAY['done'::text, 'lost'::text]))) AND ((state <> 'lost'::text) OR (decided_by IS NOT NULL)))),
    CONSTRAINT ck_payment_refund_ended CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text, 'lost'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT ck_payment_refund_known CHECK (((state = ANY (ARRAY['approved'::text, 'failed'::text])) OR (refund_id IS NOT NULL))),
    CONSTRAINT ck_payment_refund_merchant CHECK (((merchant ~ '^[a-z0-9](-?[a-z0-9])*$'::text) AND (length(merchant) <= 32))),
    CONSTRAINT ck_payment_refund_next_check CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text, 'lost'::text])) = (next_check_at IS NULL))),
    CONSTRAINT ck_payment_refund_out_refund_no CHECK ((out_refund_no ~ '^[0-9A-Za-z_-]{6,64}$'::text)),
    CONSTRAINT ck_payment_refund_state CHECK ((state = ANY (ARRAY['approved'::text, 'started'::text, 'done'::text, 'failed'::text, 'abnormal'::text, 'contested'::text, 'lost'::text]))),
    CONSTRAINT ck_payment_refund_told CHECK ((((state = 'contested'::text) = (contested_told IS NOT NULL)) AND (contested_told = ANY (ARRAY['started'::text, 'done'::text, 'abnormal'::text])))),
    CONSTRAINT ck_payment_refund_two CHECK ((approved_by <> requested_by))
);

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
    assigned_account_id bigint,
    assignment_id uuid,
    assigned_by uuid,
    assigned_at timestamp with time zone,
    settled jsonb,
    refund_id uuid,
    unit_ids integer[] DEFAULT '{}'::integer[] NOT NULL,
    matched_by uuid,
    matched_at timestamp with time zone,
    matched_why text,
    unassigned_at timestamp with time zone,
    put_back jsonb,
    merchant text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT ck_payment_suspense_amount CHECK ((amount_minor > 0)),
    CONSTRAINT ck_payment_suspense_assigned CHECK (((num_nonnulls(assigned_account_id, assignment_id, assigned_by, assigned_at) = ANY (ARRAY[0, 4])) AND ((assignment_id IS NULL) OR (state = 'assigned'::text) OR (unassigned_at IS NOT NULL)))),
    CONSTRAINT ck_payment_suspense_matched CHECK (((num_nonnulls(matched_by, matched_at, matched_why) =
CASE
    WHEN (state = 'matched'::text) THEN 3
    ELSE 0
END) AND ((state = ANY (ARRAY['open'::text, 'matched'::text])) OR (reason <> 'transaction_claimed'::text)) AND ((state <> 'matched'::text) OR (reason = 'transaction_claimed'::text)))),
    CONSTRAINT ck_payment_suspense_merchant CHECK (((merchant ~ '^[a-z0-9](-?[a-z0-9])*$'::text) AND (length(merchant) <= 32))),
    CONSTRAINT ck_payment_suspense_posted CHECK ((((reason = 'transaction_claimed'::text) = (book_id IS NULL)) AND ((reason = 'transaction_claimed'::text) = (source_id IS NULL)))),
    CONSTRAINT ck_payment_suspense_reason CHECK ((reason = ANY (ARRAY['unknown_order'::text, 'amount_differs'::text, 'settling_failed'::text, 'second_transaction'::text, 'transaction_claimed'::text]))),
    CONSTRAINT ck_payment_suspense_returned CHECK ((((state = 'returned'::text) = (refund_id IS NOT NULL)) AND ((refund_id IS NULL) OR (book_id IS NOT NULL)))),
    CONSTRAINT ck_payment_suspense_settled CHECK (((settled IS NULL) OR ((assignment_id IS NOT NULL) AND (jsonb_typeof(settled) = 'array'::text)))),
    CONSTRAINT ck_payment_suspense_state CHECK ((state = ANY (ARRAY['open'::text, 'assigned'::text, 'returned'::text, 'matched'::text]))),
    CONSTRAINT ck_payment_suspense_unassigned CHECK ((((unassigned_at IS NULL) = (put_back IS NULL)) AND ((unassigned_at IS NULL) OR ((assignment_id IS NOT NULL) AND (state = ANY (ARRAY['open'::text, 'returned'::text]))))))
);

ALTER TABLE public.payment_suspense ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_suspense_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.point_lot (
    book_id bigint NOT NULL,
    no bigint NOT NULL,
    earned bigint NOT NULL,
    remaining bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_point_lot_remaining CHECK (((remaining >= 0) AND (remaining <= earned)))
)
WITH (fillfactor='50');

CREATE TABLE public.point_lot_use (
    book_id bigint NOT NULL,
    no bigint NOT NULL,
    lot_no bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT ck_point_lot_use_points CHECK ((points <> 0))
);

CREATE TABLE public.premises (
    id bigint NOT NULL,
    premises_no text NOT NULL,
    district text NOT NULL,
    street text NOT NULL,
    building text NOT NULL,
    door_sealed bytea,
    fingerprint bytea NOT NULL
);

ALTER TABLE public.premises ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.premises_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.quality_round (
    day date NOT NULL,
    next_from bigint
);

CREATE TABLE public.reading_due (
    id bigint NOT NULL,
    look text NOT NULL,
    account_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_reading_due_days CHECK ((first_day <= last_day)),
    CONSTRAINT ck_reading_due_look CHECK ((look = ANY (ARRAY['validate'::text, 'estimate'::text])))
);

ALTER TABLE public.reading_due ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.reading_due_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.reading_finding (
    account_id bigint NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    meter_no text NOT NULL,
    channel text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    found bigint NOT NULL,
    expected bigint NOT NULL,
    found_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    dismissed_at timestamp with time zone,
    dismissed_by text,
    dismissed_why text,
    unit_id integer NOT NULL,
    CONSTRAINT ck_reading_finding_channel CHECK ((channel = ANY (ARRAY['import'::text, 'export'::text, 'reactive_lag'::text, 'reactive_lead'::text]))),
    CONSTRAINT ck_reading_finding_days CHECK ((first_day <= last_day)),
    CONSTRAINT ck_reading_finding_dismissed CHECK ((((dismissed_at IS NULL) = (dismissed_by IS NULL)) AND ((dismissed_at IS NULL) = (dismissed_why IS NULL)))),
    CONSTRAINT ck_reading_finding_kind CHECK ((kind = ANY (ARRAY['spike'::text, 'zeros'::text, 'sums'::text])))
);

CREATE TABLE public.reading_photo (
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    media_type text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    image_sealed bytea NOT NULL,
    uploaded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_reading_photo_media_type CHECK ((media_type = ANY (ARRAY['image/jpeg'::text, 'image/webp'::text]))),
    CONSTRAINT ck_reading_photo_size CHECK ((((width >= 1) AND (width <= 4096)) AND ((height >= 1) AND (height <= 4096))))
);

CREATE TABLE public.reading_quarantine (
    account_id bigint NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    meter_no text NOT NULL,
    channel text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    minutes smallint,
    energy bigint,
    quality text NOT NULL,
    reason text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    source text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    recorded_by text NOT NULL,
    run_id bigint,
    row_no bigint,
    photo_id uuid,
    decided_at timestamp with time zone,
    decided_by text,
    decided_why text,
    unit_id integer NOT NULL,
    CONSTRAINT ck_reading_quarantine_decided CHECK ((((state = 'open'::text) = (decided_at IS NULL)) AND ((decided_at IS NULL) = (decided_by IS NULL)))),
    CONSTRAINT ck_reading_quarantine_kind CHECK ((kind = ANY (ARRAY['interval'::text, 'register'::text]))),
    CONSTRAINT ck_reading_quarantine_minutes CHECK (((kind = 'interval'::text) = (minutes IS NOT NULL))),
    CONSTRAINT ck_reading_quarantine_quality CHECK ((quality = ANY (ARRAY['a'::text, 'e'::text, 's'::text, 'm'::text]))),
    CONSTRAINT ck_reading_quarantine_reason CHECK ((reason = ANY (ARRAY['negative'::text, 'implausible'::text, 'inverted'::text, 'contradicted'::text, 'decided'::text, 'first'::text, 'strayed'::text]))),
    CONSTRAINT ck_reading_quarantine_source CHECK ((source = ANY (ARRAY['file'::text, 'program'::text, 'customer'::text, 'staff'::text]))),
    CONSTRAINT ck_reading_quarantine_state CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'discarded'::text, 'estimated'::text])))
);

CREATE TABLE public.reading_series (
    account_id bigint NOT NULL,
    id smallint NOT NULL,
    meter_no text NOT NULL,
    channel text NOT NULL,
    interval_minutes smallint NOT NULL,
    first_day date,
    last_day date,
    read_until timestamp with time zone,
    CONSTRAINT ck_reading_series_channel CHECK ((channel = ANY (ARRAY['import'::text, 'export'::text, 'reactive_lag'::text, 'reactive_lead'::text]))),
    CONSTRAINT ck_reading_series_days CHECK ((first_day <= last_day)),
    CONSTRAINT ck_reading_series_id CHECK ((id > 0)),
    CONSTRAINT ck_reading_series_interval_minutes CHECK ((interval_minutes = ANY (ARRAY[15, 30, 60])))
);

CREATE TABLE public.refresh_token (
    token_hash bytea NOT NULL,
    family_id uuid NOT NULL,
    generation integer NOT NULL,
    CONSTRAINT ck_refresh_token_hash CHECK ((length(token_hash) = 32))
);

CREATE TABLE public.register_reading (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    register_id smallint NOT NULL,
    read_at timestamp with time zone NOT NULL,
    value bigint NOT NULL,
    quality text NOT NULL,
    source text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    recorded_by text NOT NULL,
    run_id bigint,
    photo_id uuid,
    superseded_at timestamp with time zone,
    superseded_by bigint,
    CONSTRAINT ck_register_reading_quality CHECK ((quality = ANY (ARRAY['a'::text, 'e'::text, 's'::text]))),
    CONSTRAINT ck_register_reading_source CHECK ((source = ANY (ARRAY['file'::text, 'program'::text, 'customer'::text, 'staff'::text]))),
    CONSTRAINT ck_register_reading_superseded CHECK (((superseded_by IS NULL) OR (superseded_at IS NOT NULL))),
    CONSTRAINT ck_register_reading_value CHECK ((value >= 0))
);

ALTER TABLE public.register_reading ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.register_reading_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.scheduled_round (
    task text NOT NULL,
    every_s integer NOT NULL,
    declared_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    succeeded_at timestamp with time zone,
    failed_with text,
    failures integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_scheduled_round_failures CHECK (((failures > 0) = (failed_with IS NOT NULL))),
    CONSTRAINT ck_scheduled_round_period CHECK ((every_s > 0))
)
WITH (fillfactor='50');

CREATE TABLE public.service_client (
    id uuid NOT NULL,
    client_id text NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    networks cidr[] DEFAULT '{}'::cidr[] NOT NULL,
    CONSTRAINT ck_service_client_name CHECK (((length(name) >= 1) AND (length(name) <= 80))),
    CONSTRAINT ck_service_client_networks CHECK ((cardinality(networks) <= 20)),
    CONSTRAINT ck_service_client_state CHECK ((state = ANY (ARRAY['active'::text, 'disabled'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.service_client_secret (
    id uuid NOT NULL,
    service_client_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT ck_service_client_secret_hash CHECK ((length(secret_hash) = 32))
);

CREATE TABLE public.service_unit (
    service_client_id uuid NOT NULL,
    unit_id integer NOT NULL,
    granted_at timestamp with time zone NOT NULL
);

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
    opened_by text,
    CONSTRAINT ck_session_family_browser CHECK (((kind = 'browser'::text) = (browser_hash IS NOT NULL))),
    CONSTRAINT ck_session_family_device_name CHECK (((length(device_name) >= 1) AND (length(device_name) <= 80))),
    CONSTRAINT ck_session_family_idle CHECK ((idle_until <= expires_at)),
    CONSTRAINT ck_session_family_kind CHECK ((kind = ANY (ARRAY['app'::text, 'browser'::text]))),
    CONSTRAINT ck_session_family_opened_by CHECK ((opened_by = ANY (ARRAY['code'::text, 'wechat'::text]))),
    CONSTRAINT ck_session_family_revoked CHECK (((revoked_at IS NULL) = (revoked_why IS NULL))),
    CONSTRAINT ck_session_family_why CHECK ((revoked_why = ANY (ARRAY['signed_out'::text, 'revoked'::text, 'replaced'::text, 'reuse'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.set_aside (
    work text NOT NULL,
    owner bigint NOT NULL,
    part text NOT NULL,
    together integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    reason text NOT NULL,
    CONSTRAINT ck_set_aside_together CHECK ((together > 0))
);

CREATE TABLE public.sign_in_budget (
    day date NOT NULL,
    shard smallint NOT NULL,
    sent integer NOT NULL,
    CONSTRAINT ck_sign_in_budget_sent CHECK ((sent >= 0)),
    CONSTRAINT ck_sign_in_budget_shard CHECK (((shard >= 0) AND (shard <= 15)))
)
WITH (fillfactor='50');

CREATE TABLE public.sign_in_limit (
    kind text NOT NULL,
    key bytea NOT NULL,
    hits timestamp with time zone[] NOT NULL,
    CONSTRAINT ck_sign_in_limit_hits CHECK (((cardinality(hits) >= 1) AND (cardinality(hits) <= 1000))),
    CONSTRAINT ck_sign_in_limit_kind CHECK ((kind = ANY (ARRAY['phone'::text, 'device'::text, 'address'::text, 'service'::text, 'lookup'::text])))
)
WITH (fillfactor='70');

CREATE TABLE public.staff (
    id uuid NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    state text NOT NULL,
    password_hash text,
    totp_sealed bytea,
    totp_step bigint,
    failures integer DEFAULT 0 NOT NULL,
    blocked_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    signed_in_at timestamp with time zone,
    disabled_at timestamp with time zone,
    invited_by uuid,
    reset_by uuid,
    CONSTRAINT ck_staff_active CHECK (((state <> 'active'::text) OR ((password_hash IS NOT NULL) AND (totp_sealed IS NOT NULL)))),
    CONSTRAINT ck_staff_disabled CHECK (((state = 'disabled'::text) = (disabled_at IS NOT NULL))),
    CONSTRAINT ck_staff_display_name CHECK (((length(display_name) >= 1) AND (length(display_name) <= 80))),
    CONSTRAINT ck_staff_failures CHECK ((failures >= 0)),
    CONSTRAINT ck_staff_name CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{1,62}$'::text)),
    CONSTRAINT ck_staff_password CHECK ((password_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT ck_staff_state CHECK ((state = ANY (ARRAY['invited'::text, 'active'::text, 'disabled'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.staff_columns (
    staff_id uuid NOT NULL,
    of_list text NOT NULL,
    hidden text[] NOT NULL,
    CONSTRAINT ck_staff_columns_hidden CHECK (((cardinality(hidden) >= 1) AND (cardinality(hidden) <= 20))),
    CONSTRAINT ck_staff_columns_of_list CHECK (((length(of_list) >= 1) AND (length(of_list) <= 32)))
);

CREATE TABLE public.staff_file (
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    of_list text NOT NULL,
    filters jsonb NOT NULL,
    tells_of_people boolean NOT NULL,
    unit_ids integer[] DEFAULT '{}'::integer[] NOT NULL,
    is_everywhere boolean DEFAULT false NOT NULL,
    state text NOT NULL,
    "position" jsonb,
    piece_count integer DEFAULT 0 NOT NULL,
    row_count integer DEFAULT 0 NOT NULL,
    is_cut boolean DEFAULT false NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    taken_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    is_anew boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_staff_file_counts CHECK (((piece_count >= 0) AND (row_count >= 0))),
    CONSTRAINT ck_staff_file_due CHECK (((state = 'asked'::text) = (due_at IS NOT NULL))),
    CONSTRAINT ck_staff_file_of_list CHECK (((length(of_list) >= 1) AND (length(of_list) <= 32))),
    CONSTRAINT ck_staff_file_state CHECK ((state = ANY (ARRAY['asked'::text, 'ready'::text, 'refused'::text, 'failed'::text])))
);

CREATE TABLE public.staff_file_piece (
    file_id uuid NOT NULL,
    no integer NOT NULL,
    text_sealed bytea NOT NULL,
    CONSTRAINT ck_staff_file_piece_no CHECK ((no >= 0))
);

CREATE TABLE public.staff_filter (
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    of_list text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_staff_filter_name CHECK (((length(name) >= 1) AND (length(name) <= 60))),
    CONSTRAINT ck_staff_filter_of_list CHECK (((length(of_list) >= 1) AND (length(of_list) <= 32))),
    CONSTRAINT ck_staff_filter_query CHECK (((length(query) >= 1) AND (length(query) <= 2000)))
);

CREATE TABLE public.staff_grant (
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    role text NOT NULL,
    unit_id integer NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    granted_by uuid,
    granted_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by uuid,
    CONSTRAINT ck_staff_grant_not_oneself CHECK ((granted_by <> staff_id)),
    CONSTRAINT ck_staff_grant_period CHECK ((valid_to > valid_from)),
    CONSTRAINT ck_staff_grant_revoked CHECK (((revoked_by IS NULL) OR (revoked_at IS NOT NULL)))
);

CREATE TABLE public.staff_invitation (
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    purpose text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    voided_at timestamp with time zone,
    told_to uuid,
    CONSTRAINT ck_staff_invitation_period CHECK ((expires_at > created_at)),
    CONSTRAINT ck_staff_invitation_purpose CHECK ((purpose = ANY (ARRAY['join'::text, 'second_factor'::text, 'password'::text]))),
    CONSTRAINT ck_staff_invitation_token_hash CHECK ((length(token_hash) = 32))
);

CREATE TABLE public.staff_recovery_code (
    staff_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT ck_staff_recovery_code_hash CHECK ((length(code_hash) = 32))
);

CREATE TABLE public.staff_role (
    code text NOT NULL
);

CREATE TABLE public.staff_role_permission (
    role text NOT NULL,
    permission text NOT NULL,
    CONSTRAINT ck_staff_role_permission_name CHECK ((permission ~ '^[a-z_]+[.][a-z_]+$'::text))
);

CREATE TABLE public.staff_session (
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    cookie_hash bytea NOT NULL,
    device_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    idle_until timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    stepped_up_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_why text,
    CONSTRAINT ck_staff_session_cookie_hash CHECK ((length(cookie_hash) = 32)),
    CONSTRAINT ck_staff_session_device_name CHECK (((length(device_name) >= 1) AND (length(device_name) <= 80))),
    CONSTRAINT ck_staff_session_ended CHECK (((ended_at IS NULL) = (ended_why IS NULL))),
    CONSTRAINT ck_staff_session_idle CHECK ((idle_until <= expires_at)),
    CONSTRAINT ck_staff_session_why CHECK ((ended_why = ANY (ARRAY['signed_out'::text, 'revoked'::text, 'replaced'::text, 'disabled'::text, 'reset'::text, 'password'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.tariff (
    code text NOT NULL,
    name text NOT NULL,
    class text NOT NULL,
    currency text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_tariff_class CHECK ((class = ANY (ARRAY['residential'::text, 'commercial'::text, 'industrial'::text, 'agricultural'::text, 'any'::text]))),
    CONSTRAINT ck_tariff_code CHECK ((code ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$'::text)),
    CONSTRAINT ck_tariff_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_tariff_name CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

CREATE TABLE public.tariff_day (
    version_id bigint NOT NULL,
    day date NOT NULL,
    periods smallint[] NOT NULL,
    demand_periods smallint[],
    CONSTRAINT ck_tariff_day_demand_periods CHECK (((cardinality(demand_periods) = cardinality(periods)) AND (1 <= ALL (demand_periods)))),
    CONSTRAINT ck_tariff_day_periods CHECK ((((cardinality(periods) >= 4) AND (cardinality(periods) <= 200)) AND (1 <= ALL (periods))))
);

CREATE TABLE public.tariff_slot_price (
    tariff_code text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    minutes smallint NOT NULL,
    rate_minor numeric(18,8) NOT NULL,
    day date NOT NULL,
    quarter smallint NOT NULL,
    CONSTRAINT ck_tariff_slot_price_minutes CHECK ((minutes = ANY (ARRAY[15, 30, 60]))),
    CONSTRAINT ck_tariff_slot_price_quarter CHECK (((quarter >= 0) AND (quarter <= 199)))
);

CREATE TABLE public.tariff_slot_price_revision (
    id bigint NOT NULL,
    tariff_code text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    minutes smallint NOT NULL,
    rate_minor numeric(18,8) NOT NULL,
    run_id bigint NOT NULL,
    replaced_at timestamp with time zone NOT NULL
);

ALTER TABLE public.tariff_slot_price_revision ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tariff_slot_price_revision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.tariff_version (
    id bigint NOT NULL,
    tariff_code text NOT NULL,
    version_no integer NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    document jsonb NOT NULL,
    periods text[] NOT NULL,
    state text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    is_correction boolean DEFAULT false NOT NULL,
    request_id uuid,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    published_at timestamp with time zone,
    CONSTRAINT ck_tariff_version_asked CHECK (
CASE state
    WHEN 'proposed'::text THEN (request_id IS NOT NULL)
    WHEN 'draft'::text THEN (request_id IS NULL)
    ELSE true
END),
    CONSTRAINT ck_tariff_version_dates CHECK (((valid_to > valid_from) OR ((state = 'published'::text) AND (valid_to = valid_from)))),
    CONSTRAINT ck_tariff_version_document CHECK ((jsonb_typeof(document) = 'object'::text)),
    CONSTRAINT ck_tariff_version_note CHECK ((length(note) <= 500)),
    CONSTRAINT ck_tariff_version_periods CHECK ((cardinality(periods) <= 32)),
    CONSTRAINT ck_tariff_version_published CHECK (((state = 'published'::text) = (published_at IS NOT NULL))),
    CONSTRAINT ck_tariff_version_state CHECK ((state = ANY (ARRAY['draft'::text, 'proposed'::text, 'published'::text, 'withdrawn'::text])))
);

ALTER TABLE public.tariff_version ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tariff_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.temperature_day (
    place text NOT NULL,
    day date NOT NULL,
    max_c numeric(4,1) NOT NULL,
    CONSTRAINT ck_temperature_day_max_c CHECK (((max_c >= ('-90'::integer)::numeric) AND (max_c <= (70)::numeric))),
    CONSTRAINT ck_temperature_day_place CHECK ((place ~ '^[a-z][a-z0-9_]{0,39}$'::text))
);

CREATE TABLE public.txn (
    book_id bigint NOT NULL,
    no bigint NOT NULL,
    source smallint NOT NULL,
    source_id uuid NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);

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

ALTER TABLE public.unit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.unit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.unit_quality (
    unit_id integer NOT NULL,
    day date NOT NULL,
    accounts bigint NOT NULL,
    level1_whole bigint NOT NULL,
    level2_expected bigint NOT NULL,
    level2_met bigint NOT NULL,
    fresh bigint NOT NULL
);

CREATE TABLE public.usage_change (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    month date NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    days integer DEFAULT 2147483647 NOT NULL,
    of_registers boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_usage_change_days CHECK ((days > 0)),
    CONSTRAINT ck_usage_change_month CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

ALTER TABLE public.usage_change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.usage_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.usage_cost (
    account_id bigint NOT NULL,
    month date NOT NULL,
    part smallint NOT NULL,
    version_id bigint NOT NULL,
    total_minor bigint NOT NULL,
    figures bigint[] NOT NULL,
    lines jsonb,
    rests_on bigint[]
);

CREATE TABLE public.usage_day (
    account_id bigint NOT NULL,
    day date NOT NULL,
    version_id bigint,
    energies bigint[] NOT NULL,
    energy bigint NOT NULL,
    export_energy bigint NOT NULL,
    reactive_energy bigint NOT NULL,
    max_demand bigint NOT NULL,
    measured_minutes integer NOT NULL,
    missing_minutes integer NOT NULL,
    estimated_minutes integer NOT NULL,
    demands bigint[],
    CONSTRAINT ck_usage_day_energy CHECK (((energy >= 0) AND (export_energy >= 0) AND (reactive_energy >= 0) AND (max_demand >= 0))),
    CONSTRAINT ck_usage_day_minutes CHECK ((((measured_minutes >= 0) AND (measured_minutes <= 1500)) AND ((missing_minutes >= 0) AND (missing_minutes <= 1500)) AND ((estimated_minutes >= 0) AND (estimated_minutes <= measured_minutes))))
);

CREATE TABLE public.usage_month (
    account_id bigint NOT NULL,
    month date NOT NULL,
    part smallint NOT NULL,
    version_id bigint,
    first_day date NOT NULL,
    end_day date NOT NULL,
    days smallint NOT NULL,
    energy bigint NOT NULL,
    export_energy bigint NOT NULL,
    energies bigint[] NOT NULL,
    reactive_energy bigint NOT NULL,
    max_demand bigint NOT NULL,
    measured_minutes integer NOT NULL,
    missing_minutes integer NOT NULL,
    estimated_minutes integer NOT NULL,
    aggregated_at timestamp with time zone NOT NULL,
    demands bigint[],
    CONSTRAINT ck_usage_month_days CHECK (((first_day >= month) AND (first_day < end_day) AND ((days >= 0) AND (days <= (end_day - first_day))))),
    CONSTRAINT ck_usage_month_energy CHECK (((energy >= 0) AND (export_energy >= 0) AND (reactive_energy >= 0) AND (max_demand >= 0))),
    CONSTRAINT ck_usage_month_month CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);
ALTER TABLE ONLY public.usage_month ALTER COLUMN energies SET STORAGE PLAIN;

CREATE TABLE public.usage_round (
    kind text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    next_from bigint,
    CONSTRAINT ck_usage_round_kind CHECK ((kind = 'compare'::text))
);

CREATE TABLE public.usage_stale (
    version_id bigint NOT NULL,
    month date NOT NULL,
    next_from bigint DEFAULT 1 NOT NULL,
    id bigint NOT NULL,
    days integer DEFAULT 2147483647,
    turn timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT ck_usage_stale_days CHECK ((days >= 0)),
    CONSTRAINT ck_usage_stale_month CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

ALTER TABLE public.usage_stale ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.usage_stale_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.usage_unpriced (
    id bigint NOT NULL,
    month date NOT NULL,
    first_account bigint NOT NULL,
    CONSTRAINT ck_usage_unpriced_month CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

ALTER TABLE public.usage_unpriced ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.usage_unpriced_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.validation_round (
    day date NOT NULL,
    next_from bigint
);

CREATE TABLE public.webhook_delivery (
    endpoint_id uuid NOT NULL,
    id bigint NOT NULL,
    message_id text NOT NULL,
    fact_id bigint,
    type text NOT NULL,
    body text NOT NULL,
    state text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    waits_since timestamp with time zone DEFAULT now(),
    attempts smallint DEFAULT 0 NOT NULL,
    tried_at timestamp with time zone,
    status smallint,
    error text,
    delivered_at timestamp with time zone,
    CONSTRAINT ck_webhook_delivery_body CHECK ((length(body) <= 65536)),
    CONSTRAINT ck_webhook_delivery_delivered CHECK (((state <> 'delivered'::text) OR (delivered_at IS NOT NULL))),
    CONSTRAINT ck_webhook_delivery_state CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'set_aside'::text]))),
    CONSTRAINT ck_webhook_delivery_waits CHECK (((state = 'waiting'::text) = (waits_since IS NOT NULL)))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');

ALTER TABLE public.webhook_delivery ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhook_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.webhook_endpoint (
    id uuid NOT NULL,
    unit_id integer NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    state text NOT NULL,
    disabled_why text,
    secret_sealed bytea,
    earlier_sealed bytea,
    earlier_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    created_by uuid NOT NULL,
    disabled_at timestamp with time zone,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_token uuid,
    failures smallint DEFAULT 0 NOT NULL,
    delivered_at timestamp with time zone,
    CONSTRAINT ck_webhook_endpoint_disabled CHECK (((state = 'active'::text) = (disabled_at IS NULL))),
    CONSTRAINT ck_webhook_endpoint_earlier CHECK ((num_nonnulls(earlier_sealed, earlier_until) = ANY (ARRAY[0, 2]))),
    CONSTRAINT ck_webhook_endpoint_events CHECK ((cardinality(events) > 0)),
    CONSTRAINT ck_webhook_endpoint_name CHECK (((length(name) >= 1) AND (length(name) <= 80))),
    CONSTRAINT ck_webhook_endpoint_secret CHECK (((state = 'deleted'::text) = (secret_sealed IS NULL))),
    CONSTRAINT ck_webhook_endpoint_state CHECK ((state = ANY (ARRAY['active'::text, 'disabled'::text, 'deleted'::text]))),
    CONSTRAINT ck_webhook_endpoint_url CHECK (((url ~ '^https?://[!-~]+$'::text) AND (length(url) <= 2000))),
    CONSTRAINT ck_webhook_endpoint_why CHECK (((disabled_why = ANY (ARRAY['staff'::text, 'gone'::text, 'failing'::text])) AND ((state = 'active'::text) = (disabled_why IS NULL))))
)
WITH (fillfactor='80');

CREATE TABLE public.wechat_follower (
    id uuid NOT NULL,
    appid text NOT NULL,
    openid_blind bytea NOT NULL,
    openid_sealed bytea NOT NULL,
    follows boolean NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_wechat_follower_blind CHECK ((length(openid_blind) = 16))
)
WITH (fillfactor='90');

CREATE TABLE public.wechat_identity (
    id uuid NOT NULL,
    appid text NOT NULL,
    user_id uuid NOT NULL,
    openid_sealed bytea NOT NULL,
    openid_blind bytea NOT NULL,
    unionid_sealed bytea,
    unionid_blind bytea,
    linked_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_wechat_identity_blind CHECK ((length(openid_blind) = 16)),
    CONSTRAINT ck_wechat_identity_period CHECK ((used_at >= linked_at)),
    CONSTRAINT ck_wechat_identity_unionid CHECK (((unionid_blind IS NULL) = (unionid_sealed IS NULL)))
)
WITH (fillfactor='90');

CREATE TABLE public.wechat_union (
    unionid_blind bytea NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT ck_wechat_union_blind CHECK ((length(unionid_blind) = 16))
);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.agreement
    ADD CONSTRAINT ex_agreement_overlap EXCLUDE USING gist (account_id WITH =, daterange(valid_from, valid_to) WITH &&);

ALTER TABLE ONLY public.entitlement
    ADD CONSTRAINT ex_entitlement_overlap EXCLUDE USING gist (account_id WITH =, kind WITH =, daterange(valid_from, valid_to) WITH &&);

ALTER TABLE ONLY public.holiday
    ADD CONSTRAINT ex_holiday_kind EXCLUDE USING gist (day WITH =, kind WITH <>);

ALTER TABLE ONLY public.tariff_slot_price
    ADD CONSTRAINT ex_tariff_slot_price_overlap EXCLUDE USING gist (tariff_code WITH =, day WITH =, int4range((quarter)::integer, (quarter + (minutes / 15))) WITH &&);

ALTER TABLE ONLY public.tariff_version
    ADD CONSTRAINT ex_tariff_version_overlap EXCLUDE USING gist (tariff_code WITH =, daterange(valid_from, valid_to) WITH &&) WHERE ((state = 'published'::text));

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT pk_access_grant PRIMARY KEY (id);

ALTER TABLE ONLY public.access_invitation
    ADD CONSTRAINT pk_access_invitation PRIMARY KEY (id);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT pk_account PRIMARY KEY (id);

ALTER TABLE ONLY public.account_gap
    ADD CONSTRAINT pk_account_gap PRIMARY KEY (account_id);

ALTER TABLE ONLY public.account_group
    ADD CONSTRAINT pk_account_group PRIMARY KEY (id);

ALTER TABLE ONLY public.account_group_member
    ADD CONSTRAINT pk_account_group_member PRIMARY KEY (group_id, account_id);

ALTER TABLE ONLY public.account_look
    ADD CONSTRAINT pk_account_look PRIMARY KEY (id);

ALTER TABLE ONLY public.account_note
    ADD CONSTRAINT pk_account_note PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.account_profile
    ADD CONSTRAINT pk_account_profile PRIMARY KEY (account_id);

ALTER TABLE ONLY public.account_search
    ADD CONSTRAINT pk_account_search PRIMARY KEY (account_id);

ALTER TABLE ONLY public.agreement
    ADD CONSTRAINT pk_agreement PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT pk_app_user PRIMARY KEY (id);

ALTER TABLE ONLY public.approval_request
    ADD CONSTRAINT pk_approval_request PRIMARY KEY (id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (id);

ALTER TABLE ONLY public.balance
    ADD CONSTRAINT pk_balance PRIMARY KEY (book_id, code, asset);

ALTER TABLE ONLY public.bill
    ADD CONSTRAINT pk_bill PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.bill_line
    ADD CONSTRAINT pk_bill_line PRIMARY KEY (account_id, bill_id, line_no);

ALTER TABLE ONLY public.bill_line_code
    ADD CONSTRAINT pk_bill_line_code PRIMARY KEY (id);

ALTER TABLE ONLY public.bill_settlement
    ADD CONSTRAINT pk_bill_settlement PRIMARY KEY (account_id, bill_id, id);

ALTER TABLE ONLY public.billing_mode
    ADD CONSTRAINT pk_billing_mode PRIMARY KEY (account_id);

ALTER TABLE ONLY public.book
    ADD CONSTRAINT pk_book PRIMARY KEY (id);

ALTER TABLE ONLY public.claim
    ADD CONSTRAINT pk_claim PRIMARY KEY (kind, key);

ALTER TABLE ONLY public.consent
    ADD CONSTRAINT pk_consent PRIMARY KEY (id);

ALTER TABLE ONLY public.contact_point
    ADD CONSTRAINT pk_contact_point PRIMARY KEY (customer_id, id);

ALTER TABLE ONLY public.customer
    ADD CONSTRAINT pk_customer PRIMARY KEY (id);

ALTER TABLE ONLY public.data_correction
    ADD CONSTRAINT pk_data_correction PRIMARY KEY (id);

ALTER TABLE ONLY public.data_export
    ADD CONSTRAINT pk_data_export PRIMARY KEY (user_id);

ALTER TABLE ONLY public.dry_run
    ADD CONSTRAINT pk_dry_run PRIMARY KEY (id);

ALTER TABLE ONLY public.dry_run_account
    ADD CONSTRAINT pk_dry_run_account PRIMARY KEY (run_id, account_id);

ALTER TABLE ONLY public.entitlement
    ADD CONSTRAINT pk_entitlement PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT pk_erasure PRIMARY KEY (user_id);

ALTER TABLE ONLY public.holder_before
    ADD CONSTRAINT pk_holder_before PRIMARY KEY (account_id, since);

ALTER TABLE ONLY public.holding_change
    ADD CONSTRAINT pk_holding_change PRIMARY KEY (id);

ALTER TABLE ONLY public.holiday
    ADD CONSTRAINT pk_holiday PRIMARY KEY (day, name);

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (caller, route, key);

ALTER TABLE ONLY public.import_amount
    ADD CONSTRAINT pk_import_amount PRIMARY KEY (run_id, unit_id, currency, kind);

ALTER TABLE ONLY public.import_reject
    ADD CONSTRAINT pk_import_reject PRIMARY KEY (run_id, row_no, field);

ALTER TABLE ONLY public.import_run
    ADD CONSTRAINT pk_import_run PRIMARY KEY (id);

ALTER TABLE ONLY public.import_seen
    ADD CONSTRAINT pk_import_seen PRIMARY KEY (run_id, kind, key);

ALTER TABLE ONLY public.import_sign_off
    ADD CONSTRAINT pk_import_sign_off PRIMARY KEY (run_id);

ALTER TABLE ONLY public.import_total
    ADD CONSTRAINT pk_import_total PRIMARY KEY (run_id, unit_id);

ALTER TABLE ONLY public.import_vanished
    ADD CONSTRAINT pk_import_vanished PRIMARY KEY (run_id, account_no, bill_no);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT pk_inbox PRIMARY KEY (id);

ALTER TABLE ONLY public.interval_day
    ADD CONSTRAINT pk_interval_day PRIMARY KEY (account_id, series_id, day);

ALTER TABLE ONLY public.interval_day_revision
    ADD CONSTRAINT pk_interval_day_revision PRIMARY KEY (account_id, series_id, day, id);

ALTER TABLE ONLY public.interval_estimate
    ADD CONSTRAINT pk_interval_estimate PRIMARY KEY (account_id, series_id, day, id);

ALTER TABLE ONLY public.key_rotation
    ADD CONSTRAINT pk_key_rotation PRIMARY KEY (table_name, column_name);

ALTER TABLE ONLY public.ledger_asset
    ADD CONSTRAINT pk_ledger_asset PRIMARY KEY (asset);

ALTER TABLE ONLY public.ledger_check
    ADD CONSTRAINT pk_ledger_check PRIMARY KEY (name);

ALTER TABLE ONLY public.ledger_code
    ADD CONSTRAINT pk_ledger_code PRIMARY KEY (code);

ALTER TABLE ONLY public.ledger_horizon
    ADD CONSTRAINT pk_ledger_horizon PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_rollup
    ADD CONSTRAINT pk_ledger_rollup PRIMARY KEY (code, asset);

ALTER TABLE ONLY public.link_failure
    ADD CONSTRAINT pk_link_failure PRIMARY KEY (id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT pk_message PRIMARY KEY (owner, id);

ALTER TABLE ONLY public.message_attempt
    ADD CONSTRAINT pk_message_attempt PRIMARY KEY (id);

ALTER TABLE ONLY public.message_finding
    ADD CONSTRAINT pk_message_finding PRIMARY KEY (attempt_id, id);

ALTER TABLE ONLY public.meter
    ADD CONSTRAINT pk_meter PRIMARY KEY (id);

ALTER TABLE ONLY public.meter_register
    ADD CONSTRAINT pk_meter_register PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.moved_meter
    ADD CONSTRAINT pk_moved_meter PRIMARY KEY (meter_no);

ALTER TABLE ONLY public.otp_challenge
    ADD CONSTRAINT pk_otp_challenge PRIMARY KEY (id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);

ALTER TABLE ONLY public.own_reading
    ADD CONSTRAINT pk_own_reading PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT pk_payment_attempt PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_callback_refusal
    ADD CONSTRAINT pk_payment_callback_refusal PRIMARY KEY (day, source, reason);

ALTER TABLE ONLY public.payment_feed
    ADD CONSTRAINT pk_payment_feed PRIMARY KEY (no) INCLUDE (unit_id);

ALTER TABLE ONLY public.payment_feed_pending
    ADD CONSTRAINT pk_payment_feed_pending PRIMARY KEY (kind, ref, posting_id);

ALTER TABLE ONLY public.payment_feed_state
    ADD CONSTRAINT pk_payment_feed_state PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_order
    ADD CONSTRAINT pk_payment_order PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT pk_payment_part PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.payment_provider_certificate
    ADD CONSTRAINT pk_payment_provider_certificate PRIMARY KEY (provider, serial);

ALTER TABLE ONLY public.payment_provider_health
    ADD CONSTRAINT pk_payment_provider_health PRIMARY KEY (provider);

ALTER TABLE ONLY public.payment_quote
    ADD CONSTRAINT pk_payment_quote PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_quote_failure
    ADD CONSTRAINT pk_payment_quote_failure PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT pk_payment_refund PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT pk_payment_suspense PRIMARY KEY (id);

ALTER TABLE ONLY public.point_lot
    ADD CONSTRAINT pk_point_lot PRIMARY KEY (book_id, no);

ALTER TABLE ONLY public.point_lot_use
    ADD CONSTRAINT pk_point_lot_use PRIMARY KEY (book_id, no, lot_no);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT pk_posting PRIMARY KEY (book_id, no, line);

ALTER TABLE ONLY public.premises
    ADD CONSTRAINT pk_premises PRIMARY KEY (id);

ALTER TABLE ONLY public.quality_round
    ADD CONSTRAINT pk_quality_round PRIMARY KEY (day);

ALTER TABLE ONLY public.reading_due
    ADD CONSTRAINT pk_reading_due PRIMARY KEY (id);

ALTER TABLE ONLY public.reading_finding
    ADD CONSTRAINT pk_reading_finding PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.reading_photo
    ADD CONSTRAINT pk_reading_photo PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.reading_quarantine
    ADD CONSTRAINT pk_reading_quarantine PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.reading_series
    ADD CONSTRAINT pk_reading_series PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT pk_refresh_token PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.register_reading
    ADD CONSTRAINT pk_register_reading PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.scheduled_round
    ADD CONSTRAINT pk_scheduled_round PRIMARY KEY (task);

ALTER TABLE ONLY public.service_client
    ADD CONSTRAINT pk_service_client PRIMARY KEY (id);

ALTER TABLE ONLY public.service_client_secret
    ADD CONSTRAINT pk_service_client_secret PRIMARY KEY (id);

ALTER TABLE ONLY public.service_unit
    ADD CONSTRAINT pk_service_unit PRIMARY KEY (service_client_id, unit_id);

ALTER TABLE ONLY public.session_family
    ADD CONSTRAINT pk_session_family PRIMARY KEY (id);

ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT pk_set_aside PRIMARY KEY (work, owner, part);

ALTER TABLE ONLY public.sign_in_budget
    ADD CONSTRAINT pk_sign_in_budget PRIMARY KEY (day, shard);

ALTER TABLE ONLY public.sign_in_limit
    ADD CONSTRAINT pk_sign_in_limit PRIMARY KEY (kind, key);

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT pk_staff PRIMARY KEY (id);

ALTER TABLE ONLY public.staff_columns
    ADD CONSTRAINT pk_staff_columns PRIMARY KEY (staff_id, of_list);

ALTER TABLE ONLY public.staff_file
    ADD CONSTRAINT pk_staff_file PRIMARY KEY (id);

ALTER TABLE ONLY public.staff_file_piece
    ADD CONSTRAINT pk_staff_file_piece PRIMARY KEY (file_id, no);

ALTER TABLE ONLY public.staff_filter
    ADD CONSTRAINT pk_staff_filter PRIMARY KEY (id);

ALTER TABLE ONLY public.staff_grant
    ADD CONSTRAINT pk_staff_grant PRIMARY KEY (id);

ALTER TABLE ONLY public.staff_invitation
    ADD CONSTRAINT pk_staff_invitation PRIMARY KEY (id);

ALTER TABLE ONLY public.staff_recovery_code
    ADD CONSTRAINT pk_staff_recovery_code PRIMARY KEY (staff_id, code_hash);

ALTER TABLE ONLY public.staff_role
    ADD CONSTRAINT pk_staff_role PRIMARY KEY (code);

ALTER TABLE ONLY public.staff_role_permission
    ADD CONSTRAINT pk_staff_role_permission PRIMARY KEY (role, permission);

ALTER TABLE ONLY public.staff_session
    ADD CONSTRAINT pk_staff_session PRIMARY KEY (id);

ALTER TABLE ONLY public.tariff
    ADD CONSTRAINT pk_tariff PRIMARY KEY (code);

ALTER TABLE ONLY public.tariff_day
    ADD CONSTRAINT pk_tariff_day PRIMARY KEY (version_id, day);

ALTER TABLE ONLY public.tariff_slot_price
    ADD CONSTRAINT pk_tariff_slot_price PRIMARY KEY (tariff_code, start_at);

ALTER TABLE ONLY public.tariff_slot_price_revision
    ADD CONSTRAINT pk_tariff_slot_price_revision PRIMARY KEY (id);

ALTER TABLE ONLY public.tariff_version
    ADD CONSTRAINT pk_tariff_version PRIMARY KEY (id);

ALTER TABLE ONLY public.temperature_day
    ADD CONSTRAINT pk_temperature_day PRIMARY KEY (place, day);

ALTER TABLE ONLY public.txn
    ADD CONSTRAINT pk_txn PRIMARY KEY (book_id, no);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT pk_unit PRIMARY KEY (id);

ALTER TABLE ONLY public.unit_quality
    ADD CONSTRAINT pk_unit_quality PRIMARY KEY (unit_id, day);

ALTER TABLE ONLY public.usage_change
    ADD CONSTRAINT pk_usage_change PRIMARY KEY (id);

ALTER TABLE ONLY public.usage_cost
    ADD CONSTRAINT pk_usage_cost PRIMARY KEY (account_id, month, part);

ALTER TABLE ONLY public.usage_day
    ADD CONSTRAINT pk_usage_day PRIMARY KEY (account_id, day);

ALTER TABLE ONLY public.usage_month
    ADD CONSTRAINT pk_usage_month PRIMARY KEY (account_id, month, part);

ALTER TABLE ONLY public.usage_round
    ADD CONSTRAINT pk_usage_round PRIMARY KEY (kind);

ALTER TABLE ONLY public.usage_stale
    ADD CONSTRAINT pk_usage_stale PRIMARY KEY (id);

ALTER TABLE ONLY public.usage_unpriced
    ADD CONSTRAINT pk_usage_unpriced PRIMARY KEY (id);

ALTER TABLE ONLY public.validation_round
    ADD CONSTRAINT pk_validation_round PRIMARY KEY (day);

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT pk_webhook_delivery PRIMARY KEY (endpoint_id, id);

ALTER TABLE ONLY public.webhook_endpoint
    ADD CONSTRAINT pk_webhook_endpoint PRIMARY KEY (id);

ALTER TABLE ONLY public.wechat_follower
    ADD CONSTRAINT pk_wechat_follower PRIMARY KEY (id);

ALTER TABLE ONLY public.wechat_identity
    ADD CONSTRAINT pk_wechat_identity PRIMARY KEY (id);

ALTER TABLE ONLY public.wechat_union
    ADD CONSTRAINT pk_wechat_union PRIMARY KEY (unionid_blind);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT uq_account_account_no UNIQUE (account_no);

ALTER TABLE ONLY public.account_group
    ADD CONSTRAINT uq_account_group_name UNIQUE (user_id, name);

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT uq_app_user_phone_blind UNIQUE (phone_blind);

ALTER TABLE ONLY public.bill
    ADD CONSTRAINT uq_bill_bill_no UNIQUE (account_id, bill_no);

ALTER TABLE ONLY public.bill_line_code
    ADD CONSTRAINT uq_bill_line_code_code UNIQUE (code);

ALTER TABLE ONLY public.book
    ADD CONSTRAINT uq_book_owner UNIQUE (owner_kind, owner_id);

ALTER TABLE ONLY public.customer
    ADD CONSTRAINT uq_customer_customer_no UNIQUE (customer_no);

ALTER TABLE ONLY public.data_export
    ADD CONSTRAINT uq_data_export_id UNIQUE (id);

ALTER TABLE ONLY public.entitlement
    ADD CONSTRAINT uq_entitlement_begin UNIQUE (account_id, kind, valid_from);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT uq_inbox_source_external_id UNIQUE (source, external_id);

ALTER TABLE ONLY public.ledger_asset
    ADD CONSTRAINT uq_ledger_asset_name UNIQUE (name);

ALTER TABLE ONLY public.ledger_code
    ADD CONSTRAINT uq_ledger_code_name UNIQUE (name);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT uq_message_owner_intent_channel UNIQUE (owner, intent, channel);

ALTER TABLE ONLY public.meter_register
    ADD CONSTRAINT uq_meter_register_kind UNIQUE (account_id, meter_no, kind);

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT uq_payment_attempt_order_id_no UNIQUE (order_id, no);

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT uq_payment_attempt_out_trade_no UNIQUE (out_trade_no);

ALTER TABLE ONLY public.payment_feed
    ADD CONSTRAINT uq_payment_feed_kind_ref_posting_id UNIQUE (kind, ref, posting_id);

ALTER TABLE ONLY public.payment_order
    ADD CONSTRAINT uq_payment_order_payment_no UNIQUE (payment_no);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT uq_payment_refund_id_suspense_id UNIQUE (id, suspense_id);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT uq_payment_refund_out_refund_no UNIQUE (out_refund_no);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT uq_payment_suspense_id_amount UNIQUE (id, amount_minor, currency);

ALTER TABLE ONLY public.premises
    ADD CONSTRAINT uq_premises_premises_no UNIQUE (premises_no);

ALTER TABLE ONLY public.reading_quarantine
    ADD CONSTRAINT uq_reading_quarantine_said UNIQUE NULLS NOT DISTINCT (account_id, meter_no, channel, start_at, kind, minutes, energy, reason);

ALTER TABLE ONLY public.reading_series
    ADD CONSTRAINT uq_reading_series_channel UNIQUE (account_id, meter_no, channel, interval_minutes);

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT uq_refresh_token_family_id_generation UNIQUE (family_id, generation);

ALTER TABLE ONLY public.service_client
    ADD CONSTRAINT uq_service_client_client_id UNIQUE (client_id);

ALTER TABLE ONLY public.service_client
    ADD CONSTRAINT uq_service_client_name UNIQUE (name);

ALTER TABLE ONLY public.service_client_secret
    ADD CONSTRAINT uq_service_client_secret_secret_hash UNIQUE (secret_hash);

ALTER TABLE ONLY public.session_family
    ADD CONSTRAINT uq_session_family_browser_hash UNIQUE (browser_hash);

ALTER TABLE ONLY public.staff_filter
    ADD CONSTRAINT uq_staff_filter_staff_id_of_list_name UNIQUE (staff_id, of_list, name);

ALTER TABLE ONLY public.staff_invitation
    ADD CONSTRAINT uq_staff_invitation_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT uq_staff_name UNIQUE (name);

ALTER TABLE ONLY public.staff_session
    ADD CONSTRAINT uq_staff_session_cookie_hash UNIQUE (cookie_hash);

ALTER TABLE ONLY public.tariff_version
    ADD CONSTRAINT uq_tariff_version_no UNIQUE (tariff_code, version_no);

ALTER TABLE ONLY public.txn
    ADD CONSTRAINT uq_txn_source UNIQUE (book_id, source_id, source);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT uq_unit_code UNIQUE (code);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT uq_unit_path UNIQUE (path);

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT uq_webhook_delivery_endpoint_id_fact_id UNIQUE (endpoint_id, fact_id);

ALTER TABLE ONLY public.wechat_follower
    ADD CONSTRAINT uq_wechat_follower_appid_openid_blind UNIQUE (appid, openid_blind);

ALTER TABLE ONLY public.wechat_identity
    ADD CONSTRAINT uq_wechat_identity_appid_openid_blind UNIQUE (appid, openid_blind);

ALTER TABLE ONLY public.wechat_union
    ADD CONSTRAINT uq_wechat_union_unionid_blind_user_id UNIQUE (unionid_blind, user_id);

CREATE INDEX ix_access_grant_account ON public.access_grant USING btree (account_id, id);

CREATE INDEX ix_access_grant_account_id ON public.access_grant USING btree (account_id) WHERE (revoked_at IS NULL);

CREATE INDEX ix_access_grant_delegated ON public.access_grant USING btree (account_id) WHERE (role <> 'owner'::text);

CREATE INDEX ix_access_invitation_created_at ON public.access_invitation USING btree (created_at);

CREATE INDEX ix_access_invitation_invited_by ON public.access_invitation USING btree (invited_by, created_at);

CREATE INDEX ix_access_invitation_phone_blind ON public.access_invitation USING btree (phone_blind, created_at);

CREATE INDEX ix_account_gap_unit_id ON public.account_gap USING btree (unit_id, account_id);

CREATE INDEX ix_account_gap_unit_level1 ON public.account_gap USING btree (unit_id, account_id) WHERE ((gaps & 255) <> 0);

CREATE INDEX ix_account_group_member_account_id ON public.account_group_member USING btree (account_id);

CREATE INDEX ix_account_holder ON public.account USING btree (customer_id, unit_id);

CREATE INDEX ix_account_note_clear ON public.account_note USING btree (account_id, id) WHERE (text <> ''::text);

CREATE INDEX ix_account_note_customer_id ON public.account_note USING btree (customer_id);

CREATE INDEX ix_account_premises_id ON public.account USING btree (premises_id);

CREATE INDEX ix_account_search_terms ON public.account_search USING gin (terms) WITH (fastupdate=off);

CREATE INDEX ix_agreement_tariff_code ON public.agreement USING btree (tariff_code, account_id);

CREATE INDEX ix_approval_request_about ON public.approval_request USING btree ((((split_part(subject, ':'::text, 1) || ':'::text) || split_part(subject, ':'::text, 2))));

CREATE INDEX ix_approval_request_decided_by ON public.approval_request USING btree (decided_by, id) WHERE (decided_by IS NOT NULL);

CREATE INDEX ix_approval_request_requested_by ON public.approval_request USING btree (requested_by, id);

CREATE INDEX ix_approval_request_unit_id ON public.approval_request USING btree (unit_id, id) WHERE (state = 'requested'::text);

CREATE INDEX ix_audit_act ON public.audit USING btree (act, id);

CREATE INDEX ix_audit_actor ON public.audit USING btree (actor, id);

CREATE INDEX ix_audit_left_customer ON public.audit USING btree (((before ->> 'customer_id'::text))) WHERE (act = 'accounts.holder_changed'::text);

CREATE INDEX ix_audit_recorded_at ON public.audit USING btree (recorded_at, id);

CREATE INDEX ix_audit_subject ON public.audit USING btree (subject, id);

CREATE INDEX ix_audit_unit_id ON public.audit USING btree (unit_id, id);

CREATE INDEX ix_bill_latest ON public.bill USING btree (account_id, issue_date DESC, id DESC);

CREATE INDEX ix_bill_open ON public.bill USING btree (account_id, due_date, id) WHERE (open_minor > 0);

CREATE INDEX ix_bill_opening ON public.bill USING btree (opening_run_id, account_id) WHERE (opening_run_id IS NOT NULL);

CREATE INDEX ix_bill_settlement_payment_id ON public.bill_settlement USING btree (payment_id);

CREATE INDEX ix_consent_user_id ON public.consent USING btree (user_id, purpose, id);

CREATE INDEX ix_data_correction_agreement ON public.data_correction USING btree (account_id, effective_on) WHERE ((applied_at IS NOT NULL) AND (field = ANY (ARRAY['tariff'::text, 'payment_mode'::text])));

CREATE INDEX ix_data_correction_customer_id ON public.data_correction USING btree (customer_id);

CREATE INDEX ix_data_correction_open ON public.data_correction USING btree (proposed_at) WHERE (after_sealed IS NOT NULL);

CREATE INDEX ix_data_export_asked_at ON public.data_export USING btree (asked_at) WHERE (made_at IS NULL);

CREATE INDEX ix_data_export_expires_at ON public.data_export USING btree (expires_at) WHERE (made_at IS NOT NULL);

CREATE INDEX ix_dry_run_account_change ON public.dry_run_account USING btree (run_id, abs((after_minor - before_minor)) DESC, account_id) WHERE (faults IS NULL);

CREATE INDEX ix_dry_run_account_faults ON public.dry_run_account USING btree (run_id, account_id) WHERE (faults IS NOT NULL);

CREATE INDEX ix_dry_run_due ON public.dry_run USING btree (due_at) WHERE (state = 'asked'::text);

CREATE INDEX ix_dry_run_expires_at ON public.dry_run USING btree (expires_at);

CREATE INDEX ix_dry_run_service_client_id ON public.dry_run USING btree (service_client_id, asked_at) WHERE (service_client_id IS NOT NULL);

CREATE INDEX ix_dry_run_staff_id ON public.dry_run USING btree (staff_id, asked_at) WHERE (staff_id IS NOT NULL);

CREATE INDEX ix_entitlement_customer_id ON public.entitlement USING btree (customer_id);

CREATE INDEX ix_entitlement_valid_to ON public.entitlement USING btree (valid_to, account_id, id) WHERE (valid_to IS NOT NULL);

CREATE INDEX ix_erasure_due_at ON public.erasure USING btree (due_at) WHERE (done_at IS NULL);

CREATE INDEX ix_idempotency_created_at ON public.idempotency USING btree (created_at);

CREATE INDEX ix_import_reject_unit_id ON public.import_reject USING btree (run_id, unit_id, row_no, field);

CREATE INDEX ix_import_run_dry ON public.import_run USING btree (id) WHERE ((mode = 'check'::text) AND (finished_at IS NOT NULL) AND (signed_off_id IS NULL));

CREATE INDEX ix_import_run_signed_off_id ON public.import_run USING btree (signed_off_id) WHERE (signed_off_id IS NOT NULL);

CREATE INDEX ix_import_total_dry ON public.import_total USING btree (unit_id, run_id) WHERE is_dry;

CREATE INDEX ix_import_total_unit_id ON public.import_total USING btree (unit_id, run_id);

CREATE INDEX ix_import_vanished_unit_id ON public.import_vanished USING btree (run_id, unit_id, account_no, bill_no);

CREATE INDEX ix_inbox_applied_at ON public.inbox USING btree (applied_at) WHERE (applied_at IS NOT NULL);

CREATE INDEX ix_inbox_due_at ON public.inbox USING btree (source, due_at) WHERE (applied_at IS NULL);

CREATE INDEX ix_inbox_subject ON public.inbox USING btree (source, subject) WHERE (subject IS NOT NULL);

CREATE INDEX ix_link_failure_account_no ON public.link_failure USING btree (account_no, failed_at);

CREATE INDEX ix_link_failure_user_id ON public.link_failure USING btree (user_id, failed_at);

CREATE INDEX ix_message_about_user ON public.message USING btree (about_user) WHERE (about_user IS NOT NULL);

CREATE INDEX ix_message_account_ids ON public.message USING gin (account_ids) WITH (fastupdate=off);

CREATE INDEX ix_message_attempt_owner_message_id ON public.message_attempt USING btree (owner, message_id);

CREATE INDEX ix_message_due_at ON public.message USING btree (state, due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX ix_message_finished_at ON public.message USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE INDEX ix_message_pending ON public.message USING btree (priority, due_at) WHERE (state = 'pending'::text);

CREATE INDEX ix_message_unread ON public.message USING btree (owner) WHERE ((channel = 'inbox'::text) AND (read_at IS NULL));

CREATE INDEX ix_meter_account_id ON public.meter USING btree (account_id);

CREATE INDEX ix_meter_former ON public.meter USING btree (meter_no) WHERE (removed_on IS NOT NULL);

CREATE INDEX ix_moved_meter_noted_at ON public.moved_meter USING btree (noted_at, meter_no);

CREATE INDEX ix_otp_challenge_created_at ON public.otp_challenge USING btree (created_at);

CREATE INDEX ix_otp_challenge_phone_blind ON public.otp_challenge USING btree (phone_blind, created_at);

CREATE INDEX ix_own_reading_user_id ON public.own_reading USING btree (user_id);

CREATE INDEX ix_payment_attempt_next_check_at ON public.payment_attempt USING btree (next_check_at) WHERE (next_check_at IS NOT NULL);

CREATE INDEX ix_payment_feed_recorded_at ON public.payment_feed USING brin (recorded_at);

CREATE INDEX ix_payment_order_payer_user_id ON public.payment_order USING btree (payer_user_id, created_at DESC);

CREATE INDEX ix_payment_order_quote_id ON public.payment_order USING btree (quote_id) WHERE (quote_id IS NOT NULL);

CREATE INDEX ix_payment_part_attempt_id ON public.payment_part USING btree (attempt_id);

CREATE INDEX ix_payment_part_payable ON public.payment_part USING btree (account_id, payable_kind, payable_id);

CREATE INDEX ix_payment_quote_failure_account_no ON public.payment_quote_failure USING btree (account_no, failed_at);

CREATE INDEX ix_payment_quote_failure_address_blind ON public.payment_quote_failure USING btree (address_blind, failed_at);

CREATE INDEX ix_payment_quote_failure_user_id ON public.payment_quote_failure USING btree (user_id, failed_at);

CREATE INDEX ix_payment_quote_unused ON public.payment_quote USING btree (expires_at) WHERE (used_at IS NULL);

CREATE INDEX ix_payment_quote_user_id ON public.payment_quote USING btree (user_id, created_at);

CREATE INDEX ix_payment_refund_contested ON public.payment_refund USING btree (id) WHERE (state = 'contested'::text);

CREATE INDEX ix_payment_refund_next_check_at ON public.payment_refund USING btree (next_check_at) WHERE (next_check_at IS NOT NULL);

CREATE INDEX ix_payment_refund_suspense_id ON public.payment_refund USING btree (suspense_id);

CREATE INDEX ix_payment_suspense_open ON public.payment_suspense USING btree (created_at) WHERE (state = 'open'::text);

CREATE INDEX ix_payment_suspense_open_amount ON public.payment_suspense USING btree (amount_minor DESC, id) WHERE (state = 'open'::text);

CREATE INDEX ix_payment_suspense_order_id ON public.payment_suspense USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX ix_payment_suspense_transaction_id ON public.payment_suspense USING btree (transaction_id);

CREATE INDEX ix_payment_suspense_unit_ids ON public.payment_suspense USING gin (unit_ids) WITH (fastupdate=off);

CREATE INDEX ix_point_lot_expires_at ON public.point_lot USING btree (expires_at) WHERE (remaining > 0);

CREATE INDEX ix_reading_due_first_day ON public.reading_due USING btree (look, first_day, account_id);

CREATE INDEX ix_reading_finding_unit ON public.reading_finding USING btree (unit_id, account_id, id) WHERE ((ended_at IS NULL) AND (dismissed_at IS NULL));

CREATE INDEX ix_reading_photo_uploaded_at ON public.reading_photo USING btree (uploaded_at);

CREATE INDEX ix_reading_photo_user_id ON public.reading_photo USING btree (user_id);

CREATE INDEX ix_reading_quarantine_unit ON public.reading_quarantine USING btree (unit_id, account_id, id) INCLUDE (reason) WHERE (state = 'open'::text);

CREATE INDEX ix_service_client_secret_service_client_id ON public.service_client_secret USING btree (service_client_id);

CREATE INDEX ix_session_family_expires_at ON public.session_family USING btree (expires_at);

CREATE INDEX ix_session_family_user_id ON public.session_family USING btree (user_id) WHERE (revoked_at IS NULL);

CREATE INDEX ix_set_aside_due ON public.set_aside USING btree (work, together, due_at);

CREATE INDEX ix_set_aside_failing ON public.set_aside USING btree (work, since) WHERE (failures > 0);

CREATE INDEX ix_staff_file_due ON public.staff_file USING btree (due_at) WHERE (state = 'asked'::text);

CREATE INDEX ix_staff_file_expires_at ON public.staff_file USING btree (expires_at);

CREATE INDEX ix_staff_file_staff_id ON public.staff_file USING btree (staff_id, asked_at);

CREATE INDEX ix_staff_grant_staff_id ON public.staff_grant USING btree (staff_id);

CREATE INDEX ix_staff_grant_unit_id ON public.staff_grant USING btree (unit_id);

CREATE INDEX ix_staff_invited_by ON public.staff USING btree (invited_by) WHERE (invited_by IS NOT NULL);

CREATE INDEX ix_staff_reset_by ON public.staff USING btree (reset_by) WHERE (reset_by IS NOT NULL);

CREATE INDEX ix_staff_session_expires_at ON public.staff_session USING btree (expires_at);

CREATE INDEX ix_staff_session_staff_id ON public.staff_session USING btree (staff_id) WHERE (ended_at IS NULL);

CREATE INDEX ix_tariff_slot_price_day ON public.tariff_slot_price USING btree (tariff_code, day);

CREATE INDEX ix_tariff_slot_price_revision_start ON public.tariff_slot_price_revision USING btree (tariff_code, start_at);

CREATE INDEX ix_tariff_version_published ON public.tariff_version USING btree (tariff_code, valid_from) WHERE (state = 'published'::text);

CREATE INDEX ix_txn_recorded_at ON public.txn USING brin (recorded_at);

CREATE INDEX ix_unit_quality_day ON public.unit_quality USING btree (day);

CREATE INDEX ix_usage_change_shard ON public.usage_change USING btree (((account_id % (16)::bigint)), id);

CREATE INDEX ix_usage_month_later ON public.usage_month USING btree (month, account_id) WHERE (part > 1);

CREATE INDEX ix_webhook_delivery_created_at ON public.webhook_delivery USING btree (created_at);

CREATE INDEX ix_webhook_delivery_set_aside ON public.webhook_delivery USING btree (endpoint_id, id) WHERE (state = 'set_aside'::text);

CREATE INDEX ix_webhook_delivery_undelivered ON public.webhook_delivery USING btree (endpoint_id, id) WHERE (state <> 'delivered'::text);

CREATE INDEX ix_webhook_delivery_waiting ON public.webhook_delivery USING btree (endpoint_id, id) WHERE (state = 'waiting'::text);

CREATE INDEX ix_webhook_endpoint_unit_id ON public.webhook_endpoint USING btree (unit_id);

CREATE INDEX ix_wechat_follower_left ON public.wechat_follower USING btree (changed_at) WHERE (NOT follows);

CREATE INDEX ix_wechat_identity_unionid_blind ON public.wechat_identity USING btree (unionid_blind) WHERE (unionid_blind IS NOT NULL);

CREATE INDEX ix_wechat_identity_user_id ON public.wechat_identity USING btree (user_id);

CREATE INDEX ix_wechat_union_user_id ON public.wechat_union USING btree (user_id);

CREATE UNIQUE INDEX uq_access_grant_living ON public.access_grant USING btree (user_id, account_id) WHERE (revoked_at IS NULL);

CREATE UNIQUE INDEX uq_access_invitation_open ON public.access_invitation USING btree (account_id, phone_blind) WHERE (state = 'open'::text);

CREATE UNIQUE INDEX uq_account_look_open ON public.account_look USING btree (session_id) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX uq_account_unit ON public.account USING btree (unit_id, id);

CREATE UNIQUE INDEX uq_approval_request_open ON public.approval_request USING btree (subject, kind) WHERE (state = 'requested'::text);

CREATE UNIQUE INDEX uq_approval_request_suspense ON public.approval_request USING btree (subject) WHERE ((state = 'requested'::text) AND (subject ~~ 'suspense:%'::text));

CREATE UNIQUE INDEX uq_data_correction_account ON public.data_correction USING btree (account_id, field) WHERE ((file_said IS NOT NULL) AND (field = ANY (ARRAY['use_class'::text, 'meter'::text, 'tariff'::text, 'payment_mode'::text])));

CREATE UNIQUE INDEX uq_data_correction_customer ON public.data_correction USING btree (customer_id, field) WHERE ((file_said IS NOT NULL) AND (field = ANY (ARRAY['name'::text, 'kind'::text])));

CREATE UNIQUE INDEX uq_data_correction_premises ON public.data_correction USING btree (premises_id, field) WHERE ((file_said IS NOT NULL) AND (field = ANY (ARRAY['district'::text, 'street'::text, 'building'::text])));

CREATE UNIQUE INDEX uq_import_run_unfinished ON public.import_run USING btree (kind, file_digest, mode, is_full, scope) WHERE (finished_at IS NULL);

CREATE UNIQUE INDEX uq_message_intent_channel_address_blind ON public.message USING btree (intent, channel, address_blind) WHERE (address_blind IS NOT NULL);

CREATE UNIQUE INDEX uq_meter_present ON public.meter USING btree (meter_no) WHERE (removed_on IS NULL);

CREATE UNIQUE INDEX uq_otp_challenge_living ON public.otp_challenge USING btree (phone_blind, purpose) WHERE ((state = 'open'::text) AND (sending IS DISTINCT FROM 'withheld'::text));

CREATE UNIQUE INDEX uq_own_reading_day ON public.own_reading USING btree (account_id, register_id, day) WHERE (replaced_at IS NULL);

CREATE UNIQUE INDEX uq_payment_attempt_living ON public.payment_attempt USING btree (order_id) WHERE (state = ANY (ARRAY['created'::text, 'prepared'::text, 'pending'::text, 'unknown'::text]));

CREATE UNIQUE INDEX uq_payment_refund_living ON public.payment_refund USING btree (suspense_id) WHERE (state <> ALL (ARRAY['failed'::text, 'contested'::text, 'lost'::text]));

CREATE UNIQUE INDEX uq_payment_refund_refund_id ON public.payment_refund USING btree (provider, refund_id) WHERE (refund_id IS NOT NULL);

CREATE UNIQUE INDEX uq_payment_suspense_claimed ON public.payment_suspense USING btree (provider, transaction_id, out_trade_no) WHERE (reason = 'transaction_claimed'::text);

CREATE UNIQUE INDEX uq_payment_suspense_source_id_part_id ON public.payment_suspense USING btree (source_id, part_id) NULLS NOT DISTINCT WHERE (source_id IS NOT NULL);

CREATE UNIQUE INDEX uq_reading_finding_open ON public.reading_finding USING btree (account_id, kind, meter_no, channel, first_day) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX uq_register_reading_read_at ON public.register_reading USING btree (account_id, register_id, read_at) WHERE (superseded_at IS NULL);

CREATE UNIQUE INDEX uq_staff_grant_living ON public.staff_grant USING btree (staff_id, role, unit_id) WHERE (revoked_at IS NULL);

CREATE UNIQUE INDEX uq_staff_invitation_living ON public.staff_invitation USING btree (staff_id) WHERE ((used_at IS NULL) AND (voided_at IS NULL));

CREATE UNIQUE INDEX uq_usage_stale_waiting ON public.usage_stale USING btree (version_id, month, ((days IS NULL))) WHERE (next_from = 1);

CREATE TRIGGER holder BEFORE INSERT ON public.account_note FOR EACH ROW EXECUTE FUNCTION public.account_note_holder();

CREATE TRIGGER keep BEFORE UPDATE ON public.account_note FOR EACH ROW EXECUTE FUNCTION public.keep_note();

CREATE TRIGGER keep BEFORE UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.keep_act();

CREATE TRIGGER keep BEFORE DELETE ON public.message_attempt FOR EACH ROW EXECUTE FUNCTION public.keep_attempt();

CREATE TRIGGER keep BEFORE DELETE ON public.message_finding FOR EACH ROW EXECUTE FUNCTION public.keep_finding();

CREATE TRIGGER keep BEFORE UPDATE ON public.tariff_version FOR EACH ROW EXECUTE FUNCTION public.tariff_version_keep();

CREATE TRIGGER keep_young BEFORE DELETE ON public.message FOR EACH ROW EXECUTE FUNCTION public.keep_young_message();

CREATE TRIGGER leave_groups AFTER UPDATE OF revoked_at ON public.access_grant FOR EACH ROW WHEN (((old.revoked_at IS NULL) AND (new.revoked_at IS NOT NULL) AND (new.ended_why IS DISTINCT FROM 'replaced'::text))) EXECUTE FUNCTION public.account_group_leave();

CREATE TRIGGER move_gap AFTER UPDATE OF unit_id ON public.account FOR EACH ROW WHEN ((old.unit_id <> new.unit_id)) EXECUTE FUNCTION public.move_gap();

CREATE TRIGGER move_readings AFTER UPDATE OF unit_id ON public.account FOR EACH ROW WHEN ((old.unit_id <> new.unit_id)) EXECUTE FUNCTION public.move_readings();

CREATE TRIGGER move_suspense AFTER UPDATE OF unit_id ON public.account FOR EACH ROW WHEN ((old.unit_id <> new.unit_id)) EXECUTE FUNCTION public.move_suspense();

CREATE TRIGGER note_changed AFTER UPDATE ON public.agreement REFERENCING OLD TABLE AS there_before NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION public.note_agreements();

CREATE TRIGGER note_holder AFTER UPDATE OF holder_since ON public.account FOR EACH ROW WHEN ((old.holder_since IS DISTINCT FROM new.holder_since)) EXECUTE FUNCTION public.note_holder();

CREATE TRIGGER note_new AFTER INSERT ON public.agreement REFERENCING NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION public.note_agreements();

CREATE TRIGGER number BEFORE INSERT ON public.tariff_version FOR EACH ROW EXECUTE FUNCTION public.tariff_version_number();

CREATE TRIGGER payment_part_feed AFTER UPDATE OF outcome ON public.payment_part FOR EACH ROW WHEN (((new.outcome = 'booked'::text) AND (old.outcome <> 'booked'::text))) EXECUTE FUNCTION public.payment_feed_note_part();

CREATE TRIGGER payment_refund_feed AFTER INSERT ON public.payment_refund FOR EACH ROW EXECUTE FUNCTION public.payment_feed_note_refund();

CREATE TRIGGER payment_refund_feed_moved AFTER UPDATE ON public.payment_refund FOR EACH ROW WHEN (((new.posting_id <> old.posting_id) OR ((new.state = 'failed'::text) AND (old.state <> ALL (ARRAY['failed'::text, 'contested'::text]))))) EXECUTE FUNCTION public.payment_feed_note_refund();

CREATE TRIGGER payment_suspense_feed AFTER INSERT ON public.payment_suspense FOR EACH ROW WHEN ((new.book_id IS NOT NULL)) EXECUTE FUNCTION public.payment_feed_note_suspense();

CREATE TRIGGER payment_suspense_feed_assigned AFTER UPDATE OF state ON public.payment_suspense FOR EACH ROW WHEN (((new.state = 'assigned'::text) AND (old.state <> 'assigned'::text) AND (new.book_id IS NOT NULL))) EXECUTE FUNCTION public.payment_feed_note_suspense();

CREATE TRIGGER payment_suspense_feed_unassigned AFTER UPDATE OF unassigned_at ON public.payment_suspense FOR EACH ROW WHEN (((new.unassigned_at IS NOT NULL) AND (old.unassigned_at IS NULL))) EXECUTE FUNCTION public.payment_feed_note_unassigned();

CREATE TRIGGER place BEFORE INSERT ON public.audit FOR EACH ROW EXECUTE FUNCTION public.place_audit();

CREATE TRIGGER place BEFORE INSERT ON public.payment_suspense FOR EACH ROW EXECUTE FUNCTION public.place_suspense();

CREATE TRIGGER place BEFORE INSERT ON public.reading_finding FOR EACH ROW EXECUTE FUNCTION public.place_reading();

CREATE TRIGGER place BEFORE INSERT ON public.reading_quarantine FOR EACH ROW EXECUTE FUNCTION public.place_reading();

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.account_note FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.balance FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.bill_settlement FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.book FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.consent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON public.message_attempt FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON public.message_finding FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.point_lot FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.point_lot_use FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.posting FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.tariff_slot_price_revision FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON public.tariff_version FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.txn FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER search_moved AFTER UPDATE OF unit_id, customer_id, premises_id ON public.account FOR EACH ROW WHEN ((((old.unit_id IS DISTINCT FROM new.unit_id) OR (old.customer_id IS DISTINCT FROM new.customer_id)) OR (old.premises_id IS DISTINCT FROM new.premises_id))) EXECUTE FUNCTION public.search_moved_account();

CREATE TRIGGER search_new AFTER INSERT ON public.account REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.search_new_accounts();

CREATE TRIGGER search_renamed AFTER UPDATE OF tokens ON public.customer FOR EACH ROW WHEN ((old.tokens IS DISTINCT FROM new.tokens)) EXECUTE FUNCTION public.search_renamed_customer();

CREATE TRIGGER search_renamed AFTER UPDATE OF district, street, building ON public.premises FOR EACH ROW WHEN ((((old.district IS DISTINCT FROM new.district) OR (old.street IS DISTINCT FROM new.street)) OR (old.building IS DISTINCT FROM new.building))) EXECUTE FUNCTION public.search_renamed_premises();

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT fk_access_grant_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT fk_access_grant_ended_holder_id FOREIGN KEY (ended_holder_id) REFERENCES public.customer(id);

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT fk_access_grant_granted_by FOREIGN KEY (granted_by) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT fk_access_grant_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.access_invitation
    ADD CONSTRAINT fk_access_invitation_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.access_invitation
    ADD CONSTRAINT fk_access_invitation_invited_by FOREIGN KEY (invited_by) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT fk_account_customer_id FOREIGN KEY (customer_id) REFERENCES public.customer(id);

ALTER TABLE ONLY public.account_gap
    ADD CONSTRAINT fk_account_gap_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.account_gap
    ADD CONSTRAINT fk_account_gap_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.account_group_member
    ADD CONSTRAINT fk_account_group_member_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.account_group_member
    ADD CONSTRAINT fk_account_group_member_group_id FOREIGN KEY (group_id) REFERENCES public.account_group(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.account_group
    ADD CONSTRAINT fk_account_group_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.account_look
    ADD CONSTRAINT fk_account_look_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.account_look
    ADD CONSTRAINT fk_account_look_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.account_note
    ADD CONSTRAINT fk_account_note_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.account_note
    ADD CONSTRAINT fk_account_note_customer_id FOREIGN KEY (customer_id) REFERENCES public.customer(id);

ALTER TABLE ONLY public.account_note
    ADD CONSTRAINT fk_account_note_written_by FOREIGN KEY (written_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT fk_account_premises_id FOREIGN KEY (premises_id) REFERENCES public.premises(id);

ALTER TABLE ONLY public.account_profile
    ADD CONSTRAINT fk_account_profile_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT fk_account_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.agreement
    ADD CONSTRAINT fk_agreement_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.approval_request
    ADD CONSTRAINT fk_approval_request_decided_by FOREIGN KEY (decided_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.approval_request
    ADD CONSTRAINT fk_approval_request_requested_by FOREIGN KEY (requested_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.approval_request
    ADD CONSTRAINT fk_approval_request_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.bill
    ADD CONSTRAINT fk_bill_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.bill_line
    ADD CONSTRAINT fk_bill_line_account_id_bill_id FOREIGN KEY (account_id, bill_id) REFERENCES public.bill(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.bill_line
    ADD CONSTRAINT fk_bill_line_code FOREIGN KEY (code) REFERENCES public.bill_line_code(id);

ALTER TABLE ONLY public.bill_settlement
    ADD CONSTRAINT fk_bill_settlement_account_id_bill_id FOREIGN KEY (account_id, bill_id) REFERENCES public.bill(account_id, id);

ALTER TABLE ONLY public.billing_mode
    ADD CONSTRAINT fk_billing_mode_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.contact_point
    ADD CONSTRAINT fk_contact_point_customer_id FOREIGN KEY (customer_id) REFERENCES public.customer(id);

ALTER TABLE ONLY public.data_correction
    ADD CONSTRAINT fk_data_correction_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.data_correction
    ADD CONSTRAINT fk_data_correction_customer_id FOREIGN KEY (customer_id) REFERENCES public.customer(id);

ALTER TABLE ONLY public.data_correction
    ADD CONSTRAINT fk_data_correction_premises_id FOREIGN KEY (premises_id) REFERENCES public.premises(id);

ALTER TABLE ONLY public.data_export
    ADD CONSTRAINT fk_data_export_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.dry_run_account
    ADD CONSTRAINT fk_dry_run_account_run_id FOREIGN KEY (run_id) REFERENCES public.dry_run(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.dry_run
    ADD CONSTRAINT fk_dry_run_service_client_id FOREIGN KEY (service_client_id) REFERENCES public.service_client(id);

ALTER TABLE ONLY public.dry_run
    ADD CONSTRAINT fk_dry_run_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.dry_run
    ADD CONSTRAINT fk_dry_run_tariff_code FOREIGN KEY (tariff_code) REFERENCES public.tariff(code);

ALTER TABLE ONLY public.entitlement
    ADD CONSTRAINT fk_entitlement_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.entitlement
    ADD CONSTRAINT fk_entitlement_customer_id FOREIGN KEY (customer_id) REFERENCES public.customer(id);

ALTER TABLE ONLY public.holder_before
    ADD CONSTRAINT fk_holder_before_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.import_amount
    ADD CONSTRAINT fk_import_amount_run_id FOREIGN KEY (run_id) REFERENCES public.import_run(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_reject
    ADD CONSTRAINT fk_import_reject_run_id FOREIGN KEY (run_id) REFERENCES public.import_run(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_run
    ADD CONSTRAINT fk_import_run_signed_off_id FOREIGN KEY (signed_off_id) REFERENCES public.import_run(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.import_seen
    ADD CONSTRAINT fk_import_seen_run_id FOREIGN KEY (run_id) REFERENCES public.import_run(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_sign_off
    ADD CONSTRAINT fk_import_sign_off_run_id FOREIGN KEY (run_id) REFERENCES public.import_run(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_sign_off
    ADD CONSTRAINT fk_import_sign_off_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.import_total
    ADD CONSTRAINT fk_import_total_run_id FOREIGN KEY (run_id) REFERENCES public.import_run(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_vanished
    ADD CONSTRAINT fk_import_vanished_run_id FOREIGN KEY (run_id) REFERENCES public.import_run(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.interval_day_revision
    ADD CONSTRAINT fk_interval_day_revision_series FOREIGN KEY (account_id, series_id) REFERENCES public.reading_series(account_id, id);

ALTER TABLE ONLY public.interval_estimate
    ADD CONSTRAINT fk_interval_estimate_series FOREIGN KEY (account_id, series_id) REFERENCES public.reading_series(account_id, id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT fk_message_about_user FOREIGN KEY (about_user) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.message_attempt
    ADD CONSTRAINT fk_message_attempt_owner_message_id FOREIGN KEY (owner, message_id) REFERENCES public.message(owner, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_finding
    ADD CONSTRAINT fk_message_finding_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.message_attempt(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.meter
    ADD CONSTRAINT fk_meter_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.meter_register
    ADD CONSTRAINT fk_meter_register_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.own_reading
    ADD CONSTRAINT fk_own_reading_held FOREIGN KEY (account_id, held_id) REFERENCES public.reading_quarantine(account_id, id);

ALTER TABLE ONLY public.own_reading
    ADD CONSTRAINT fk_own_reading_reading FOREIGN KEY (account_id, reading_id) REFERENCES public.register_reading(account_id, id);

ALTER TABLE ONLY public.own_reading
    ADD CONSTRAINT fk_own_reading_register FOREIGN KEY (account_id, register_id) REFERENCES public.meter_register(account_id, id);

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT fk_payment_attempt_order_id FOREIGN KEY (order_id) REFERENCES public.payment_order(id);

ALTER TABLE ONLY public.payment_feed
    ADD CONSTRAINT fk_payment_feed_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.payment_feed
    ADD CONSTRAINT fk_payment_feed_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT fk_payment_part_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT fk_payment_part_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.payment_attempt(id);

ALTER TABLE ONLY public.payment_part
    ADD CONSTRAINT fk_payment_part_book_id FOREIGN KEY (book_id) REFERENCES public.book(id);

ALTER TABLE ONLY public.payment_quote
    ADD CONSTRAINT fk_payment_quote_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT fk_payment_refund_approved_by FOREIGN KEY (approved_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT fk_payment_refund_book_id FOREIGN KEY (book_id) REFERENCES public.book(id);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT fk_payment_refund_decided_by FOREIGN KEY (decided_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT fk_payment_refund_requested_by FOREIGN KEY (requested_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.payment_refund
    ADD CONSTRAINT fk_payment_refund_suspense FOREIGN KEY (suspense_id, amount_minor, currency) REFERENCES public.payment_suspense(id, amount_minor, currency);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_assigned_account_id FOREIGN KEY (assigned_account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_assigned_by FOREIGN KEY (assigned_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.payment_attempt(id);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_book_id FOREIGN KEY (book_id) REFERENCES public.book(id);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_matched_by FOREIGN KEY (matched_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_order_id FOREIGN KEY (order_id) REFERENCES public.payment_order(id);

ALTER TABLE ONLY public.payment_suspense
    ADD CONSTRAINT fk_payment_suspense_refund_id FOREIGN KEY (refund_id, id) REFERENCES public.payment_refund(id, suspense_id);

ALTER TABLE ONLY public.reading_finding
    ADD CONSTRAINT fk_reading_finding_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.reading_photo
    ADD CONSTRAINT fk_reading_photo_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.reading_quarantine
    ADD CONSTRAINT fk_reading_quarantine_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.reading_series
    ADD CONSTRAINT fk_reading_series_account_id FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT fk_refresh_token_family_id FOREIGN KEY (family_id) REFERENCES public.session_family(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.register_reading
    ADD CONSTRAINT fk_register_reading_register FOREIGN KEY (account_id, register_id) REFERENCES public.meter_register(account_id, id);

ALTER TABLE ONLY public.service_client_secret
    ADD CONSTRAINT fk_service_client_secret_service_client_id FOREIGN KEY (service_client_id) REFERENCES public.service_client(id);

ALTER TABLE ONLY public.service_unit
    ADD CONSTRAINT fk_service_unit_service_client_id FOREIGN KEY (service_client_id) REFERENCES public.service_client(id);

ALTER TABLE ONLY public.service_unit
    ADD CONSTRAINT fk_service_unit_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.session_family
    ADD CONSTRAINT fk_session_family_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.staff_columns
    ADD CONSTRAINT fk_staff_columns_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_file_piece
    ADD CONSTRAINT fk_staff_file_piece_file_id FOREIGN KEY (file_id) REFERENCES public.staff_file(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.staff_file
    ADD CONSTRAINT fk_staff_file_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_filter
    ADD CONSTRAINT fk_staff_filter_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_grant
    ADD CONSTRAINT fk_staff_grant_granted_by FOREIGN KEY (granted_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_grant
    ADD CONSTRAINT fk_staff_grant_revoked_by FOREIGN KEY (revoked_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_grant
    ADD CONSTRAINT fk_staff_grant_role FOREIGN KEY (role) REFERENCES public.staff_role(code);

ALTER TABLE ONLY public.staff_grant
    ADD CONSTRAINT fk_staff_grant_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_grant
    ADD CONSTRAINT fk_staff_grant_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.staff_invitation
    ADD CONSTRAINT fk_staff_invitation_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_invitation
    ADD CONSTRAINT fk_staff_invitation_told_to FOREIGN KEY (told_to) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT fk_staff_invited_by FOREIGN KEY (invited_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_recovery_code
    ADD CONSTRAINT fk_staff_recovery_code_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT fk_staff_reset_by FOREIGN KEY (reset_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.staff_role_permission
    ADD CONSTRAINT fk_staff_role_permission_role FOREIGN KEY (role) REFERENCES public.staff_role(code);

ALTER TABLE ONLY public.staff_session
    ADD CONSTRAINT fk_staff_session_staff_id FOREIGN KEY (staff_id) REFERENCES public.staff(id);

ALTER TABLE ONLY public.tariff_day
    ADD CONSTRAINT fk_tariff_day_version_id FOREIGN KEY (version_id) REFERENCES public.tariff_version(id);

ALTER TABLE ONLY public.tariff_slot_price_revision
    ADD CONSTRAINT fk_tariff_slot_price_revision_tariff_code FOREIGN KEY (tariff_code) REFERENCES public.tariff(code);

ALTER TABLE ONLY public.tariff_slot_price
    ADD CONSTRAINT fk_tariff_slot_price_tariff_code FOREIGN KEY (tariff_code) REFERENCES public.tariff(code);

ALTER TABLE ONLY public.tariff_version
    ADD CONSTRAINT fk_tariff_version_request_id FOREIGN KEY (request_id) REFERENCES public.approval_request(id);

ALTER TABLE ONLY public.tariff_version
    ADD CONSTRAINT fk_tariff_version_tariff_code FOREIGN KEY (tariff_code) REFERENCES public.tariff(code);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT fk_unit_parent_id FOREIGN KEY (parent_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.unit_quality
    ADD CONSTRAINT fk_unit_quality_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT fk_webhook_delivery_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoint(id);

ALTER TABLE ONLY public.webhook_endpoint
    ADD CONSTRAINT fk_webhook_endpoint_created_by FOREIGN KEY (created_by) REFERENCES public.staff(id);

ALTER TABLE ONLY public.webhook_endpoint
    ADD CONSTRAINT fk_webhook_endpoint_unit_id FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.wechat_identity
    ADD CONSTRAINT fk_wechat_identity_unionid_blind_user_id FOREIGN KEY (unionid_blind, user_id) REFERENCES public.wechat_union(unionid_blind, user_id);

ALTER TABLE ONLY public.wechat_identity
    ADD CONSTRAINT fk_wechat_identity_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);

ALTER TABLE ONLY public.wechat_union
    ADD CONSTRAINT fk_wechat_union_user_id FOREIGN KEY (user_id) REFERENCES public.app_user(id);

GRANT USAGE ON SCHEMA public TO wattline_app;

REVOKE ALL ON FUNCTION public.account_notes_erase(p_customer bigint, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.account_notes_erase(p_customer bigint, p_now timestamp with time zone) TO wattline_app;

REVOKE ALL ON FUNCTION public.account_notes_seal(p_accounts bigint[], p_ids uuid[], p_sealed bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.account_notes_seal(p_accounts bigint[], p_ids uuid[], p_sealed bytea[]) TO wattline_app;

REVOKE ALL ON FUNCTION public.account_notes_strike(p_accounts bigint[], p_digits text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.account_notes_strike(p_accounts bigint[], p_digits text) TO wattline_app;

REVOKE ALL ON FUNCTION public.audit_forget(p_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_forget(p_actor text) TO wattline_app;

REVOKE ALL ON FUNCTION public.audit_strike(p_subjects text[], p_since timestamp with time zone[], p_until timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_strike(p_subjects text[], p_since timestamp with time zone[], p_until timestamp with time zone[]) TO wattline_app;

REVOKE ALL ON FUNCTION public.bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamp with time zone) TO wattline_app;

GRANT ALL ON FUNCTION public.claim_take(p_kind text, p_key text, p_owner text) TO wattline_app;

REVOKE ALL ON FUNCTION public.identity_erase(p_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.identity_erase(p_user uuid) TO wattline_app;

GRANT ALL ON FUNCTION public.inbox_is_applied(p_source text, p_external_id text) TO wattline_app;

GRANT ALL ON FUNCTION public.inbox_keep(p_source text, p_external_id text, p_body bytea, p_subject text, p_outcome text) TO wattline_app;

GRANT ALL ON FUNCTION public.inbox_leave(p_id bigint) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_check_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_ensure_books(p_owner_kind text, p_owner_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_ensure_books(p_owner_kind text, p_owner_ids bigint[]) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_lock_books(p_books bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_lock_books(p_books bigint[]) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_open_balance(p_book bigint, p_code smallint, p_asset smallint, p_amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_points_earn(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_expires_at timestamp with time zone, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_earn(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_expires_at timestamp with time zone, p_event smallint) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_points_expire(p_at timestamp with time zone, p_limit integer, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_expire(p_at timestamp with time zone, p_limit integer, p_event smallint) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_points_expire_book(p_book bigint, p_source_id uuid, p_at timestamp with time zone, p_event smallint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_points_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_points_spend(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_points_spend(p_book bigint, p_source_id uuid, p_effective_at timestamp with time zone, p_points bigint, p_event smallint) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_points_take(p_book bigint, p_no bigint, p_points bigint, p_first bigint, p_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_post(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_post(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_post_points(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_post_several(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_post_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_post_staged(p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamp with time zone[], p_counts integer[], p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_reverse_points(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamp with time zone, p_event smallint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_roll_up(p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_roll_up(p_most integer) TO wattline_app;

REVOKE ALL ON FUNCTION public.ledger_same_postings(p_book bigint, p_source smallint, p_source_id uuid, p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ledger_set_floor(p_book bigint, p_code smallint, p_asset smallint, p_floor bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_set_floor(p_book bigint, p_code smallint, p_asset smallint, p_floor bigint) TO wattline_app;

REVOKE ALL ON FUNCTION public.make_interval_month(p_month date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.make_interval_month(p_month date) TO wattline_app;

REVOKE ALL ON FUNCTION public.note_agreements() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.note_holder() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.payment_book(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.payment_book(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text) TO wattline_app;

REVOKE ALL ON FUNCTION public.payment_book_plain(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.payment_book_plain(p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text) TO wattline_app;

REVOKE ALL ON FUNCTION public.payment_take(p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.payment_take(p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint, p_currency text, p_paid_at timestamp with time zone, p_now timestamp with time zone, p_kinds text[], p_settles text[], p_merchant text) TO wattline_app;

REVOKE ALL ON PROCEDURE public.payment_take_each(IN p_sources text[], IN p_external_ids text[], IN p_bodies bytea[], IN p_providers text[], IN p_out_trade_nos text[], IN p_transaction_ids text[], IN p_amounts bigint[], IN p_currencies text[], IN p_paid_at timestamp with time zone[], IN p_now timestamp with time zone[], IN p_kinds text[], IN p_settles text[], INOUT p_taken boolean[], IN p_merchants text[]) FROM PUBLIC;
GRANT ALL ON PROCEDURE public.payment_take_each(IN p_sources text[], IN p_external_ids text[], IN p_bodies bytea[], IN p_providers text[], IN p_out_trade_nos text[], IN p_transaction_ids text[], IN p_amounts bigint[], IN p_currencies text[], IN p_paid_at timestamp with time zone[], IN p_now timestamp with time zone[], IN p_kinds text[], IN p_settles text[], INOUT p_taken boolean[], IN p_merchants text[]) TO wattline_app;

GRANT ALL ON FUNCTION public.payment_view(p_payment_no text, p_user uuid, p_session uuid, p_now timestamp with time zone) TO wattline_app;

REVOKE ALL ON FUNCTION public.usage_cycle(p_account_id bigint, p_code text, p_first_day date, p_cycle_first date, p_cycle_end date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_cycle(p_account_id bigint, p_code text, p_first_day date, p_cycle_first date, p_cycle_end date) TO wattline_app;

REVOKE ALL ON FUNCTION public.usage_cycle_days(p_document jsonb, p_month date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_cycle_days(p_document jsonb, p_month date) TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.access_grant TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.access_invitation TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.account TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.account_gap TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.account_group TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.account_group_member TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.account_look TO wattline_app;

GRANT UPDATE(ended_at) ON TABLE public.account_look TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.account_note TO wattline_app;

GRANT UPDATE(text_sealed) ON TABLE public.account_note TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.account_profile TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.account_search TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.agreement TO wattline_app;

GRANT SELECT ON TABLE public.alembic_version TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.app_user TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.approval_request TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.audit TO wattline_app;

GRANT SELECT ON TABLE public.balance TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.bill TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bill_line TO wattline_app;

GRANT SELECT ON TABLE public.bill_line_code TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.bill_settlement TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.billing_mode TO wattline_app;

GRANT SELECT ON TABLE public.book TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.claim TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.consent TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contact_point TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.customer TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.data_correction TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.data_export TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dry_run TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dry_run_account TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.entitlement TO wattline_app;

GRANT SELECT ON TABLE public.posting TO wattline_app;

GRANT SELECT ON TABLE public.entry TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.erasure TO wattline_app;

GRANT SELECT ON TABLE public.holder_before TO wattline_app;

GRANT SELECT,DELETE,UPDATE ON TABLE public.holding_change TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.holiday TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_amount TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_reject TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_run TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_seen TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.import_sign_off TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_total TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_vanished TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.interval_day TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.interval_day_revision TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.interval_estimate TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.key_rotation TO wattline_app;

GRANT SELECT ON TABLE public.ledger_asset TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.ledger_check TO wattline_app;

GRANT SELECT ON TABLE public.ledger_code TO wattline_app;

GRANT SELECT ON TABLE public.ledger_horizon TO wattline_app;

GRANT SELECT ON TABLE public.ledger_rollup TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.link_failure TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.message_attempt TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.message_finding TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.meter TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.meter_register TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.moved_meter TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.otp_challenge TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.own_reading TO wattline_app;

GRANT UPDATE(user_id) ON TABLE public.own_reading TO wattline_app;

GRANT UPDATE(photo_id) ON TABLE public.own_reading TO wattline_app;

GRANT UPDATE(photos) ON TABLE public.own_reading TO wattline_app;

GRANT UPDATE(replaced_at) ON TABLE public.own_reading TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_attempt TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_callback_refusal TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.payment_feed TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.payment_feed_pending TO wattline_app;

GRANT SELECT,UPDATE ON TABLE public.payment_feed_state TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_order TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_part TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_provider_certificate TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_provider_health TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.payment_quote TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.payment_quote_failure TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_refund TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.payment_suspense TO wattline_app;

GRANT UPDATE(unit_ids) ON TABLE public.payment_suspense TO wattline_app;

GRANT SELECT ON TABLE public.point_lot TO wattline_app;

GRANT SELECT ON TABLE public.point_lot_use TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.premises TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.quality_round TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reading_due TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.reading_finding TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reading_photo TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.reading_quarantine TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.reading_series TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.refresh_token TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.register_reading TO wattline_app;

GRANT UPDATE(photo_id) ON TABLE public.register_reading TO wattline_app;

GRANT UPDATE(superseded_at) ON TABLE public.register_reading TO wattline_app;

GRANT UPDATE(superseded_by) ON TABLE public.register_reading TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scheduled_round TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.service_client TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.service_client_secret TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.service_unit TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.session_family TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.set_aside TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_budget TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_limit TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.staff TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.staff_columns TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.staff_file TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.staff_file_piece TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.staff_filter TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.staff_grant TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.staff_invitation TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.staff_recovery_code TO wattline_app;

GRANT SELECT ON TABLE public.staff_role TO wattline_app;

GRANT SELECT ON TABLE public.staff_role_permission TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.staff_session TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.tariff TO wattline_app;

GRANT UPDATE(name) ON TABLE public.tariff TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tariff_day TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.tariff_slot_price TO wattline_app;

GRANT SELECT,INSERT ON TABLE public.tariff_slot_price_revision TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.tariff_version TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.temperature_day TO wattline_app;

GRANT SELECT ON TABLE public.txn TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.unit TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unit_quality TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.usage_change TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_cost TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_day TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_month TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_round TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_stale TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_unpriced TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.validation_round TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_delivery TO wattline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.webhook_endpoint TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wechat_follower TO wattline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wechat_identity TO wattline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.wechat_union TO wattline_app;
