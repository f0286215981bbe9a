-- House totals at this moment: the roll-up plus what was recorded since its horizon. Served by ix_txn_recorded_at and pk_posting.
with tail as (
  select e.code, e.asset, case when e.code between 2000 and 4999 then -e.amount else e.amount end as amount
  from txn t join entry e on e.book_id = t.book_id and e.no = t.no
  where t.recorded_at >= (select horizon from ledger_horizon)
)
select c.name as code, a.name as asset, sum(x.balance)::bigint as balance, c.code between 2000 and 4999 as grows_by_credit
from (select code, asset, balance from ledger_rollup union all select code, asset, amount from tail) x
join ledger_code c on c.code = x.code
join ledger_asset a on a.asset = x.asset
group by c.code, c.name, a.name
order by a.name, c.code
