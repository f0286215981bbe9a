-- Attempts that a call or their end left without a known result before a moment, the oldest first, behind an order, of the units where a member of
-- staff may read payments; the sum of one that is for accounts elsewhere, too (`is_part`), is that of the parts there. Served
-- by uq_payment_attempt_living, which holds no other attempts, in its order; then keys and ix_payment_part_attempt_id.
with seen as materialized (
  select unit_id from staff_units(:staff_id, 'payments.view', :now)
)
select t.order_id, o.payment_no, t.out_trade_no, t.provider, t.merchant, t.state,
  case when w.is_part then w.part_minor else t.amount_minor end as amount_minor, w.is_part, t.currency, t.created_at, t.expires_at, t.next_check_at, t.checks,
  t.failures, x.account_no, x.unit
from payment_attempt t
cross join lateral (select payment_no from payment_order where id = t.order_id offset 0) o  -- one by one: by no means all of them
cross join lateral (
  select a.account_no, u.name as unit
  from payment_part p join account a on a.id = p.account_id join unit u on u.id = a.unit_id
  where p.attempt_id = t.id and a.unit_id in (select unit_id from seen)
  order by a.account_no limit 1
) x
cross join lateral (
  select bool_or(v.unit_id is null) as is_part, coalesce(sum(p.amount_minor) filter (where v.unit_id is not null), 0)::bigint as part_minor
  from payment_part p join account a on a.id = p.account_id left join seen v on v.unit_id = a.unit_id
  where p.attempt_id = t.id
) w
where t.state in ('created', 'prepared', 'pending', 'unknown')
  and case when t.state in ('created', 'unknown') then t.created_at else t.expires_at end <= :late
  and t.order_id > :after
order by t.order_id limit :limit
