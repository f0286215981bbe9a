-- What came to each merchant account between two moments by its provider's clock, and what was sent back out of it. Served by
-- ix_payment_feed_recorded_at and keys: nothing is recorded before it happened, but for a provider's clock that is ahead of ours, by no hour.
select coalesce(s.provider, t.provider) as provider, coalesce(s.merchant, t.merchant) as merchant, f.currency,
  count(*) filter (where f.kind in ('booked', 'suspended')) as facts,
  coalesce(sum(f.amount_minor) filter (where f.kind in ('booked', 'suspended')), 0)::bigint as came_minor,
  coalesce(-sum(f.amount_minor) filter (where f.kind in ('returned', 'return_failed')), 0)::bigint as back_minor
from payment_feed f
left join payment_attempt t on t.id = f.attempt_id
left join payment_suspense s on s.id = f.ref and f.kind in ('suspended', 'returned', 'return_failed')
where f.kind not in ('assigned', 'unassigned') and f.recorded_at >= cast(:begin as timestamptz) - interval '1 hour' and f.effective_at >= :begin and f.effective_at < :end
group by 1, 2, 3
order by 1, 2, 3
