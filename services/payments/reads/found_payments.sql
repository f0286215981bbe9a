-- A payment by its number, a number of it at a provider, or a provider's transaction, for an account in a unit where a member of staff may read
-- payments. Served by uq_payment_order_payment_no, uq_payment_attempt_out_trade_no, pk_claim, pk_payment_attempt and ix_payment_part_attempt_id.
with seen as materialized (
  select unit_id from staff_units(:staff_id, 'payments.view', :now)
), found as (
  select o.id from payment_order o where o.payment_no = upper(:number)
  union
  select t.order_id from payment_attempt t where t.out_trade_no = :number
  union
  select t.order_id from claim c join payment_attempt t on t.id = case when c.owner ~ '^[0-9a-f-]{36}$' then cast(c.owner as uuid) end
  where c.kind = any(cast(:kinds as text[])) and c.key = :number
)
select o.payment_no, o.state, o.amount_minor, o.currency, o.created_at, o.paid_at, x.account_no
from found f
join payment_order o on o.id = f.id
cross join lateral (
  select min(a.account_no) as account_no
  from payment_attempt t join payment_part p on p.attempt_id = t.id join account a on a.id = p.account_id
  where t.order_id = o.id and a.unit_id in (select unit_id from seen)
) x
where x.account_no is not null
order by o.id
