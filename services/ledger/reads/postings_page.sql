-- Newest postings in money of an owner's book before a position, both balances after each. Served by uq_book_owner, pk_posting backwards and pk_txn.
select p.no, p.line, abs(t.source) as source, t.source < 0 as is_reversal, t.source_id, t.effective_at, t.recorded_at,
  d.name as debit, c.name as credit, x.name as asset, p.amount, p.debit_after, p.credit_after
from book b
join posting p on p.book_id = b.id
join txn t on t.book_id = p.book_id and t.no = p.no
join ledger_code d on d.code = p.debit
join ledger_code c on c.code = p.credit
join ledger_asset x on x.asset = p.asset
where b.owner_kind = :owner_kind and b.owner_id = :owner_id and x.name <> 'PTS' and (p.no, p.line) < (:before_no, :before_line)
order by p.no desc, p.line desc limit :limit
