-- The units of all accounts that a payment is for. Served by uq_payment_attempt_order_id_no, ix_payment_part_attempt_id and pk_account.
select distinct a.unit_id
from payment_attempt t
join payment_part p on p.attempt_id = t.id
join account a on a.id = p.account_id
where t.order_id = :order_id
order by a.unit_id
