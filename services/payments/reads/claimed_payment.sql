-- The payment for which a provider's transaction is claimed, if it is one. Served by pk_claim and pk_payment_attempt.
select o.payment_no
from claim c
join payment_attempt t on t.id = case when c.owner ~ '^[0-9a-f-]{36}$' then cast(c.owner as uuid) end
join payment_order o on o.id = t.order_id
where c.kind = :kind and c.key = :transaction_id
