-- Prepaid balance that settles bills.
select book_id, cast(:source as smallint) as source, payment_id as source_id, cast(:now as timestamptz) as effective_at, 1::smallint as line,
  'prepaid' as debit, 'receivable' as credit, currency as asset, amount_minor::bigint as amount, null::smallint as event
from applied
