-- The one door into the ledger. Per transaction i: books[i], sources[i], source_ids[i], effective_at[i], counts[i] postings, events[i] (a kind
-- for the outbox, or null); the postings of all transactions lie one after the other in debits, credits, assets, amounts.
-- Answers one number per transaction: its number in the book, negative when this source had been posted there before (nothing is written then).
-- Refuses with LG001 unknown book, LG002 a known source with other postings, LG003 unknown code or asset, LG004 arrays that do not fit,
-- and by ck_balance_floor. All or nothing.
create function ledger_post(
  p_books bigint[], p_sources smallint[], p_source_ids uuid[], p_effective_at timestamptz[], p_counts integer[],
  p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[], p_events smallint[] default null
) returns bigint[] language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_numbers bigint[];
  v_no bigint;
  v_at integer := 0;
  v_debit_after bigint;
  v_credit_after bigint;
begin
  -- Several books are locked in ascending order, whatever the order of the caller: two calls never wait for each other.
  if cardinality(p_books) > 1 then
    perform from book where id = any (p_books) order by id for no key update;
  end if;
  for i in 1 .. cardinality(p_books) loop
    update book set version = version + 1 where id = p_books[i] returning version into v_no;
    if v_no is null then
      raise exception 'book % does not exist', p_books[i] using errcode = 'LG001', detail = p_books[i]::text;
    end if;
    insert into txn (book_id, no, source, source_id, effective_at, recorded_at)
      values (p_books[i], v_no, p_sources[i], p_source_ids[i], p_effective_at[i], clock_timestamp())
      on conflict (book_id, source_id, source) do nothing;
    if not found then
      update book set version = version - 1 where id = p_books[i];
      v_numbers[i] := -ledger_same_postings(
        p_books[i], p_sources[i], p_source_ids[i], v_at, p_counts[i], p_debits, p_credits, p_assets, p_amounts);
      v_at := v_at + p_counts[i];
      continue;
    end if;
    for v_line in 1 .. p_counts[i] loop
      v_at := v_at + 1;
      update balance
        set balance = balance + case when code between 2000 and 4999 then -p_amounts[v_at] else p_amounts[v_at] end, version = version + 1
        where book_id = p_books[i] and code = p_debits[v_at] and asset = p_assets[v_at] returning balance into v_debit_after;
      if v_debit_after is null then
        v_debit_after := ledger_open_balance(p_books[i], p_debits[v_at], p_assets[v_at], p_amounts[v_at]);
      end if;
      update balance
        set balance = balance - case when code between 2000 and 4999 then -p_amounts[v_at] else p_amounts[v_at] end, version = version + 1
        where book_id = p_books[i] and code = p_credits[v_at] and asset = p_assets[v_at] returning balance into v_credit_after;
      if v_credit_after is null then
        v_credit_after := ledger_open_balance(p_books[i], p_credits[v_at], p_assets[v_at], -p_amounts[v_at]);
      end if;
      insert into posting (book_id, no, line, debit, credit, asset, amount, debit_after, credit_after)
        values (p_books[i], v_no, v_line, p_debits[v_at], p_credits[v_at], p_assets[v_at], p_amounts[v_at], v_debit_after, v_credit_after);
    end loop;
    if p_events[i] is not null then
      insert into outbox (kind, book_id, ref) values (p_events[i], p_books[i], v_no);
    end if;
    v_numbers[i] := v_no;
  end loop;
  if v_at <> cardinality(p_amounts) or 0 >= any (p_counts) then
    raise exception 'postings and their counts do not fit' using errcode = 'LG004';
  end if;
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
  p_book bigint, p_source smallint, p_source_id uuid, p_at integer, p_count integer,
  p_debits smallint[], p_credits smallint[], p_assets smallint[], p_amounts bigint[]
) returns bigint language plpgsql set search_path = public, pg_temp as $$
declare
  v_no bigint;
begin
  select t.no into strict v_no from txn t
    where t.book_id = p_book and t.source_id = p_source_id and t.source = p_source;
  if p_count is distinct from (
    select count(*) filter (where (p.debit, p.credit, p.asset, p.amount)
      = (p_debits[p_at + p.line], p_credits[p_at + p.line], p_assets[p_at + p.line], p_amounts[p_at + p.line]))
      + 1000000 * count(*) filter (where p.line > p_count)
    from posting p where p.book_id = p_book and p.no = v_no) then
    raise exception 'source % % of book % was posted with other postings', p_source, p_source_id, p_book
      using errcode = 'LG002', detail = format('%s %s %s', p_book, p_source, p_source_id);
  end if;
  return v_no;
end $$;

revoke all on function ledger_post, ledger_open_balance, ledger_same_postings from public;
grant execute on function ledger_post to wattline_app;
