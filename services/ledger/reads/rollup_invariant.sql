-- The roll-up equals the entries recorded before its horizon. Reads the whole ledger: for the invariant job, not for requests.
with truth as (
  select e.code, e.asset, sum(case when e.code between 2000 and 4999 then -e.amount else e.amount end) as balance
  from txn t join entry e on e.book_id = t.book_id and e.no = t.no
  where t.recorded_at < (select horizon from ledger_horizon)
  group by e.code, e.asset
)
select 'rollup_is_sum_of_entries' as rule, null::bigint as book_id,
  format('code %s asset %s: rolled up %s, entries %s', coalesce(r.code, t.code), coalesce(r.asset, t.asset), r.balance, t.balance) as detail
from ledger_rollup r full join truth t on t.code = r.code and t.asset = r.asset
where coalesce(r.balance, 0) <> coalesce(t.balance, 0)
limit :limit
