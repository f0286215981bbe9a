-- What ledger_post does, for many transactions in one set-based statement: same arguments, same answers, same refusals. One source may
-- stand in a call only once, and points are refused (LG005): they lie in lots, which are written one by one.
-- Meant for hundreds to hundreds of thousands of transactions; for a few, ledger_post is faster.
create function ledger_post_staged(
  p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamptz[], p_counts integer[],
  p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[] default null
) returns bigint[] language plpgsql security definer
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
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

-- Refuse arrays that do not fit and sources that were posted with other postings.
create function ledger_check_staged(
  p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_counts integer[],
  p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]
) returns void language plpgsql set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
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

revoke all on function ledger_post_staged, ledger_check_staged from public;
grant execute on function ledger_post_staged to wattline_app;
