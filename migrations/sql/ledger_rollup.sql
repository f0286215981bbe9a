-- Move the horizon of the roll-up forward and answer it. Postings are recorded with the wall clock after their transaction has a number
-- (xid), so those recorded before a moment t belong to transactions older than one that takes its number after t. When all older ones have
-- ended, the postings before t are complete and can be added once and for ever. Must be the first write of its transaction.
-- One call adds the postings of about `p_most` transactions and goes no further than that: what an import brought would outlast any statement
-- timeout. The proven moment stays until the horizon has reached it. Where the slice ends is found by halving the time; a microsecond is
-- never halved. Reads by ix_txn_recorded_at: a sequential scan with a limit would begin at the oldest rows, which are rolled up long since.
create function ledger_roll_up(p_most integer)
returns timestamptz language plpgsql security definer set search_path = public, pg_temp set enable_seqscan = off as $$
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

revoke all on function ledger_roll_up from public;
grant execute on function ledger_roll_up to wattline_app;
