-- Accounts that get another holder, locked: whoever links one or lets somebody in waits, or was there before and is seen below.
-- Served by uq_account_account_no and uq_customer_customer_no.
create temporary table holder_changed on commit drop as
select a.id as account_id, a.customer_id as earlier_id, c.id as later_id
from staged_account s
join account a on a.account_no = s.account_no
join customer c on c.customer_no = s.customer_no
where a.customer_id <> c.id
order by a.id for update of a
