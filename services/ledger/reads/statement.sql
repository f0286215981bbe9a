-- Newest entries of one code of a book before a keyset position. Served by pk_posting backwards: a book's postings by number are in order.
select p.no, p.line, abs(t.source) as source, t.source < 0 as is_reversal, t.source_id, t.effective_at, t.recorded_at,
  o.name as other_code, s.amount, case when p.debit = c.code then p.debit_after else p.credit_after end as balance_after
from ledger_code c
join ledger_asset a on a.name = :asset
join posting p on p.book_id = :book_id and p.asset = a.asset and (p.debit = c.code or p.credit = c.code)
join txn t on t.book_id = p.book_id and t.no = p.no
join ledger_code o on o.code = case when p.debit = c.code then p.credit else p.debit end
cross join lateral (
  select case when (p.debit = c.code) = (c.code between 2000 and 4999) then -p.amount else p.amount end as amount
) s
where c.name = :code and (p.no, p.line) < (:before_no, :before_line)
order by p.no desc, p.line desc
limit :limit
