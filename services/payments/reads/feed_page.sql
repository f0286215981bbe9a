-- A page of the feed behind a position: a row per fact with its JSON, or one row without any. `place` is where the next page begins, `has_more` whether
-- it has something now. Who may read some units only visits up to :window facts a page, so that those of others cost a bounded time.
-- Served by pk_payment_feed (which has the units), pk_payment_feed_state, pk_account, pk_payment_attempt, pk_payment_order and pk_payment_suspense.
with chosen as materialized (
  select v.no from (select f.no, f.unit_id from payment_feed f where f.no > :after and f.no <= :until order by f.no limit :window) v
  where cast(:sees_all as boolean) or v.unit_id = any(cast(:units as integer[])) order by v.no limit :limit
), page as (
  -- Only a page that is not full has to know where the visit ended.
  select place, place < least((select last_no from payment_feed_state), :until) as has_more
  from (select case when (select count(*) from chosen) = :limit then (select max(no) from chosen) else coalesce((
    select max(v.no) from (select f.no from payment_feed f where f.no > :after and f.no <= :until order by f.no limit :window) v), :after) end as place) p
)
select p.place, p.has_more, i.no, i.item
from page p
left join lateral (
  select c.no, json_build_object(
    'id', f.id, 'kind', f.kind, 'account_no', a.account_no, 'amount', json_build_object('amount_minor', f.amount_minor, 'currency', f.currency),
    'provider', coalesce(s.provider, t.provider), 'provider_transaction', coalesce(s.transaction_id, t.transaction_id),
    'payment_no', o.payment_no, 'method', t.method, 'settled', f.settled, 'effective_at', f.effective_at, 'recorded_at', f.recorded_at)::text as item
  from chosen c
  -- One by one: whatever the planner thinks of how many were chosen, it does not read the feed for them.
  cross join lateral (select * from payment_feed e where e.no = c.no limit 1) f
  left join account a on a.id = f.account_id
  left join payment_attempt t on t.id = f.attempt_id
  left join payment_order o on o.id = t.order_id
  left join payment_suspense s on s.id = f.ref and f.kind in ('suspended', 'assigned', 'unassigned', 'returned', 'return_failed')
) i on true
order by i.no
