-- A page of an account's bills, newest first, below a position. With `since`, none that ended before and is paid. Served by ix_bill_latest and pk_account.
select b.account_id, b.id, b.bill_no, b.period_first, b.period_end, b.issue_date, b.due_date, b.energy_kwh, b.amount_minor, b.open_minor, b.state,
  a.currency
from bill b join account a on a.id = b.account_id
where b.account_id = :account_id and (b.issue_date, b.id) < (:issue_date, :id)
  and (cast(:since as date) is null or b.period_end > cast(:since as date) or b.open_minor > 0)
order by b.issue_date desc, b.id desc
limit :limit
