-- One opening balance per account: what was open of its part-paid bills when they came.
-- A bill is part of one opening balance, so that its smallest bill names it once and for ever.
-- Served by ix_bill_opening, pk_account, uq_book_owner and pk_bill_settlement.
select b.id as book_id, cast(:source as smallint) as source, md5(format('opening|%s|%s', bill.account_id, min(bill.id)))::uuid as source_id,
  cast(:now as timestamptz) as effective_at, 1::smallint as line, 'receivable' as debit, 'opening' as credit, a.currency as asset,
  sum(bill.open_minor + coalesce(t.amount_minor, 0))::bigint as amount, null::smallint as event
from bill
join account a on a.id = bill.account_id
join book b on b.owner_kind = 'account' and b.owner_id = bill.account_id
left join lateral (
  select sum(t.amount_minor) as amount_minor from bill_settlement t where t.account_id = bill.account_id and t.bill_id = bill.id
) t on true
where bill.opening_run_id = any(cast(:run_ids as bigint[])) and bill.account_id = any(cast(:account_ids as bigint[]))
group by b.id, bill.account_id, a.currency
