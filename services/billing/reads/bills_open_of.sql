-- Open bills of several accounts, by account, the oldest due first, one more than :most at most. Served by ix_bill_open.
select b.account_id, b.id, b.bill_no, b.due_date, b.open_minor, a.currency
from unnest(cast(:account_ids as bigint[])) w (account_id)
join account a on a.id = w.account_id
join bill b on b.account_id = a.id and b.open_minor > 0
order by b.account_id, b.due_date, b.id
limit cast(:most as integer) + 1
