-- Open bills that stand in a file, whatever is wrong with their rows. Served by uq_account_account_no and uq_bill_bill_no.
select distinct b.id
from unnest(cast(:account_nos as text[]), cast(:bill_nos as text[])) f (account_no, bill_no)
join account a on a.account_no = f.account_no
join bill b on b.account_id = a.id and b.bill_no = f.bill_no
where b.open_minor > 0
