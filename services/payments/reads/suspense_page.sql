-- Money without a place, the oldest first or (`by_amount`) the largest, behind a position, where a member of staff may do something with it: in the unit of its account; when it
-- came for an order and was not divided, in the units of all accounts of that, of which no one alone may see or move it; what names neither is for
-- those who may everywhere. The unit of a sum of several is the lowest above them all, if there is one. Served by ix_payment_suspense_unit_ids, or
-- for those ix_payment_suspense_open or ix_payment_suspense_open_amount, or pk_payment_suspense for one; then by keys and ix_payment_part_attempt_id: nothing of other units is read
-- but sums that are theirs, too.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
), mine as materialized (
  select id, created_at, amount_minor from payment_suspense
  where state = 'open' and unit_ids && coalesce((select array_agg(unit_id) from seen), '{}')
    and unit_ids <@ coalesce((select array_agg(unit_id) from seen), '{}')
    and not cast(:sees_all as boolean) and cast(:id as bigint) is null
), found as (
  select id from payment_suspense where id = cast(:id as bigint)
  union all
  (select id from mine where not cast(:by_amount as boolean) and (created_at, id) > (:after_at, :after_id) order by created_at, id limit :limit)
  union all
  (select id from mine
   where cast(:by_amount as boolean) and amount_minor <= :after_minor and (amount_minor < :after_minor or id > :after_id)
   order by amount_minor desc, id limit :limit)
  union all
  (select id from payment_suspense
   where cast(:sees_all as boolean) and not cast(:by_amount as boolean) and cast(:id as bigint) is null and state = 'open'
     and (created_at, id) > (:after_at, :after_id)
   order by created_at, id limit :limit)
  union all
  (select id from payment_suspense
   where cast(:sees_all as boolean) and cast(:by_amount as boolean) and state = 'open'
     and amount_minor <= :after_minor and (amount_minor < :after_minor or id > :after_id)
   order by amount_minor desc, id limit :limit)
)
select s.id, s.reason, s.provider, s.merchant, s.out_trade_no, s.transaction_id, s.amount_minor, s.currency, s.paid_at, s.created_at, s.state,
  s.book_id is not null as is_money, o.payment_no, w.account_no, w.accounts > 1 as is_shared, coalesce(w.unit_ids, '{}') as unit_ids,
  x.name as unit, x.id as unit_id, t.account_no as assigned_to, f.display_name as assigned_by, s.assigned_at,
  m.display_name as matched_by, s.matched_at, s.matched_why
from found
join payment_suspense s on s.id = found.id
left join payment_order o on o.id = s.order_id
left join account t on t.id = s.assigned_account_id
left join staff f on f.id = s.assigned_by
left join staff m on m.id = s.matched_by
cross join lateral (
  select array_agg(distinct a.unit_id) as unit_ids, min(a.account_no) as account_no, count(*) as accounts
  from (
    select s.account_id as id where s.account_id is not null
    union
    select p.account_id from payment_attempt q join payment_part p on p.attempt_id = q.id where q.order_id = s.order_id and s.account_id is null
  ) n
  join account a on a.id = n.id
) w
left join lateral (
  select u.id, u.name
  from unit l
  cross join lateral (select string_to_array(l.path, '/') as codes) c
  cross join lateral generate_series(2, cardinality(c.codes) - 1) d (depth)
  join unit u on u.path = array_to_string(c.codes[1:d.depth], '/') || '/'
  where l.id = w.unit_ids[1] and not exists (select from unit e where e.id = any(w.unit_ids) and not starts_with(e.path, u.path))
  order by d.depth desc limit 1
) x on true
where case when w.unit_ids is null then cast(:sees_all as boolean) else w.unit_ids <@ coalesce((select array_agg(unit_id) from seen), '{}') end
order by case when cast(:by_amount as boolean) then -s.amount_minor end, case when not cast(:by_amount as boolean) then s.created_at end, s.id
