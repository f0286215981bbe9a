-- A positive balance split by the age of what it consists of, oldest settled first: walking back from the newest increase until the balance
-- is used up. Served by pk_posting, one range per book.
with increase as (
  select p.book_id, b.balance, t.effective_at, p.amount,
    sum(p.amount) over (partition by p.book_id order by t.effective_at desc, p.no desc, p.line desc) - p.amount as newer
  from balance b
  join ledger_code c on c.code = b.code and c.name = :code
  join ledger_asset a on a.asset = b.asset and a.name = :asset
  join posting p on p.book_id = b.book_id and p.asset = b.asset
    and case when c.code between 2000 and 4999 then p.credit else p.debit end = c.code
  join txn t on t.book_id = p.book_id and t.no = p.no
  where b.book_id = any (:book_ids) and b.balance > 0 and t.effective_at <= :as_of
)
select i.book_id, width_bucket(floor(extract(epoch from :as_of - i.effective_at) / 86400)::int, cast(:bounds_days as int[])) as bucket,
  sum(least(i.amount, i.balance - i.newer))::bigint as amount
from increase i
where i.newer < i.balance
group by i.book_id, bucket
order by i.book_id, bucket
