-- What settled one bill, the latest first. Served by pk_bill_settlement and pk_account.
select s.payment_id, s.amount_minor, s.settled_at, a.currency
from bill_settlement s join account a on a.id = s.account_id
where s.account_id = :account_id and s.bill_id = :bill_id
order by s.id desc
