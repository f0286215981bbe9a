-- Move the horizon of the roll-up forward and answer it. Postings are recorded with the wall clock after their transaction has a number
-- (xid), so those recorded before a moment t belong to transactions older than one that takes its number after t. When all older ones have
-- ended, the postings before t are complete and can be added once and for ever. Must be the first write of its transaction.
create function ledger_roll_up()
returns timestamptz language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_now timestamptz;
  v_xid bigint;
  v_mark ledger_horizon;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'ledger_roll_up must be the first write of its transaction' using errcode = 'LG004';
  end if;
  v_now := clock_timestamp();
  v_xid := pg_current_xact_id()::text::bigint;
  select * into strict v_mark from ledger_horizon for update;
  if v_mark.candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint then
    insert into ledger_rollup as r (code, asset, balance)
      select e.code, e.asset, sum(case when e.code between 2000 and 4999 then -e.amount else e.amount end)
      from txn t join entry e on e.book_id = t.book_id and e.no = t.no
      where t.recorded_at >= v_mark.horizon and t.recorded_at < v_mark.candidate
      group by e.code, e.asset
      on conflict (code, asset) do update set balance = r.balance + excluded.balance;
    v_mark.horizon := v_mark.candidate;
    v_mark.candidate_xid := null;
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

revoke all on function ledger_roll_up from public;
grant execute on function ledger_roll_up to wattline_app;
