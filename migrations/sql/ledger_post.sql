-- The one door into the ledger. Per transaction i: books[i], sources[i], source_ids[i], effective_at[i], counts[i] postings, events[i] (a kind
-- for the outbox, or null); the postings of all transactions lie one after the other in debits, credits, assets, amounts.
-- Answers one number per transaction: its number in the book, negative when this source had been posted there before (nothing is written then).
-- Refuses with P0002 unknown book, LG002 a known source with other postings, LG003 unknown code or asset, LG004 arrays that do not fit,
-- and by ck_balance_floor. All or nothing.
-- Written for the single payment: each plpgsql expression outside of a statement costs nearly a microsecond per transaction, so there are few.
create function ledger_post(
  p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamptz[], p_counts integer[],
  p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[] default null
) returns bigint[] language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Several transactions, one after the other. Their books are locked in ascending order first, whatever the order of the caller: two calls
-- never wait for each other.
create function ledger_post_several(
  p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamptz[], p_counts integer[],
  p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[]
) returns bigint[] language plpgsql set search_path = public, pg_temp as $$
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

-- The first posting of a code in a book. `p_amount` is signed, debit positive.
create function ledger_open_balance(p_book bigint, p_code smallint, p_asset smallint, p_amount bigint)
returns bigint language plpgsql set search_path = public, pg_temp as $$
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

-- The number of the transaction that this source made, when its postings are these; otherwise a refusal. The first effective date stands.
create function ledger_same_postings(
  p_book bigint, p_source smallint, p_source_id uuid, p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]
) returns bigint language plpgsql set search_path = public, pg_temp as $$
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

revoke all on function ledger_post, ledger_post_several, ledger_open_balance, ledger_same_postings from public;
grant execute on function ledger_post to wattline_app;
