-- A payment by its number, a number of it at a provider, or a provider's transaction, for an account in a unit where a member of staff may read
-- payments; the sum of one that is for accounts elsewhere, too (`is_part`), is that of the parts there. Served by
-- uq_payment_order_payment_no, uq_payment_attempt_out_trade_no, pk_claim, pk_payment_attempt and ix_payment_part_attempt_id.
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
select o.payment_no, order_state(o.id, o.state) as state, case when x.is_part then x.part_minor else o.amount_minor end as amount_minor, x.is_part, o.currency, o.created_at,
  o.paid_at, x.account_no
from found f
join payment_order o on o.id = f.id
cross join lateral (
  select min(a.account_no) filter (where v.unit_id is not null) as account_no, bool_or(v.unit_id is null) as is_part,
    coalesce(sum(p.amount_minor) filter (where v.unit_id is not null and t.no = l.no), 0)::bigint as part_minor
  from (select max(no) as no from payment_attempt where order_id = o.id) l
  join payment_attempt t on t.order_id = o.id
  join payment_part p on p.attempt_id = t.id
  join account a on a.id = p.account_id
  left join seen v on v.unit_id = a.unit_id
) x
where x.account_no is not null
order by o.id
