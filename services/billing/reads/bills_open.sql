-- Open bills of an account, oldest due first; all of them, or those with these numbers. Served by ix_bill_open and pk_account.
select b.account_id, b.id, b.bill_no, b.period_first, b.period_end, b.issue_date, b.due_date, b.energy_kwh, b.amount_minor, b.open_minor, b.state,
  a.currency
from bill b join account a on a.id = b.account_id
where b.account_id = :account_id and b.open_minor > 0
  and (cast(:bill_nos as text[]) is null or b.bill_no = any(cast(:bill_nos as text[])))
order by b.due_date, b.id
