-- Surplus of amended bills to the prepaid balance. Served by uq_book_owner.
select b.id as book_id, cast(:credit_source as smallint) as source, s.posting_id as source_id, cast(:now as timestamptz) as effective_at,
  1::smallint as line, 'receivable' as debit, 'prepaid' as credit, s.currency as asset, s.amount_minor as amount, null::smallint as event
from surplus s join book b on b.owner_kind = 'account' and b.owner_id = s.account_id
