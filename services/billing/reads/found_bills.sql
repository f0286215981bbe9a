-- A bill by its number, of an account in a unit where a member of staff may view accounts. Served by pk_claim (a number is given once, and its
-- claim names the account) and uq_bill_bill_no.
select b.bill_no, a.account_no, b.period_first, b.amount_minor, b.open_minor, a.currency, b.due_date, b.state
from claim k
join account a on a.id = case when k.owner ~ '^[0-9]{1,18}$' then cast(k.owner as bigint) end
join bill b on b.account_id = a.id and b.bill_no = k.key
where k.kind = 'bill_no' and k.key = :number
  and a.unit_id in (select unit_id from staff_units(:staff_id, 'accounts.view', :now))
