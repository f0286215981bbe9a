-- Per business object what its transactions, reversals included, left on one code, over all books. Served by ix_txn_recorded_at.
select t.source_id, a.name as asset, sum(case when p.debit = c.code then p.amount else -p.amount end)::bigint as amount
from ledger_code c
join txn t on t.recorded_at >= :since and t.recorded_at < :until
join posting p on p.book_id = t.book_id and p.no = t.no and (p.debit = c.code or p.credit = c.code)
join ledger_asset a on a.asset = p.asset
where c.name = :code
group by t.source_id, a.name
order by t.source_id
