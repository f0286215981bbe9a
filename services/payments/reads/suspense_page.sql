-- Money without a place, the oldest first, behind a position, of the units where a member of staff may do something with it: the unit is that of its
-- account, else of any account of its order; what names neither is for those who may everywhere. Served by ix_payment_suspense_unit_ids, or for
-- those ix_payment_suspense_open, or pk_payment_suspense for one; then by keys and ix_payment_part_attempt_id: nothing of other units is read.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
), mine as materialized (
  select id, created_at from payment_suspense
  where state = 'open' and unit_ids && coalesce((select array_agg(unit_id) from seen), '{}')
    and not cast(:sees_all as boolean) and cast(:id as bigint) is null
), found as (
  select id from payment_suspense where id = cast(:id as bigint)
  union all
  (select id from mine where (created_at, id) > (:after_at, :after_id) order by created_at, id limit :limit)
  union all
  (select id from payment_suspense
   where cast(:sees_all as boolean) and cast(:id as bigint) is null and state = 'open' and (created_at, id) > (:after_at, :after_id)
   order by created_at, id limit :limit)
)
select s.id, s.reason, s.provider, s.out_trade_no, s.transaction_id, s.amount_minor, s.currency, s.paid_at, s.created_at, s.state,
  s.book_id is not null as is_money, o.payment_no, x.account_no, x.unit, x.unit_id, t.account_no as assigned_to, f.display_name as assigned_by, s.assigned_at,
  m.display_name as matched_by, s.matched_at, s.matched_why
from found
join payment_suspense s on s.id = found.id
left join payment_order o on o.id = s.order_id
left join account t on t.id = s.assigned_account_id
left join staff f on f.id = s.assigned_by
left join staff m on m.id = s.matched_by
left join lateral (
  select a.account_no, a.unit_id, u.name as unit
  from (
    select s.account_id as id where s.account_id is not null
    union
    select p.account_id from payment_attempt q join payment_part p on p.attempt_id = q.id where q.order_id = s.order_id and s.account_id is null
  ) n
  join account a on a.id = n.id
  join unit u on u.id = a.unit_id
  order by a.unit_id in (select unit_id from seen) desc, a.account_no limit 1
) x on true
where case when x.unit_id is null then cast(:sees_all as boolean) else x.unit_id in (select unit_id from seen) end
order by s.created_at, s.id
