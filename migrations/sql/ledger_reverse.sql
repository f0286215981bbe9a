-- Post the mirror image of what a source posted in a book: sides exchanged, last line first, under the negative source, hence once only.
-- Answers as ledger_post does, null when there is nothing to reverse.
create function ledger_reverse(p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamptz, p_event smallint default null)
returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
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

revoke all on function ledger_reverse from public;
grant execute on function ledger_reverse to wattline_app;
