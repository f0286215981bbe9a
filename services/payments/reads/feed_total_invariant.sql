-- What the feed says came in and went back is what payments moved on clearing, and what went back out of suspense is what was posted to refunds; per
-- provider and currency, in all books. Reads the whole feed, and the whole ledger. What waits for its number counts as told.
with told as (
  select kind, ref, attempt_id, currency, amount_minor from payment_feed where kind not in ('assigned', 'unassigned')
  union all
  select n.kind, n.ref, p.attempt_id, t.currency, p.amount_minor
  from payment_feed_pending n
  join payment_part p on p.account_id = n.account_id and p.id = n.ref
  join payment_attempt t on t.id = p.attempt_id
  where n.kind = 'booked'
    and not exists (select from payment_feed f where f.kind = n.kind and f.ref = n.ref and f.posting_id = n.posting_id)
  union all
  select n.kind, n.ref, s.attempt_id, s.currency, case n.kind when 'returned' then -s.amount_minor else s.amount_minor end
  from payment_feed_pending n
  join payment_suspense s on s.id = n.ref
  where n.kind in ('suspended', 'returned', 'return_failed')
    and not exists (select from payment_feed f where f.kind = n.kind and f.ref = n.ref and f.posting_id = n.posting_id)
), fed as (
  select case when f.kind in ('returned', 'return_failed') then 'refund.' else 'clearing.' end || coalesce(s.provider, t.provider) as code, f.currency,
    sum(f.amount_minor) as amount_minor
  from told f
  left join payment_attempt t on t.id = f.attempt_id
  left join payment_suspense s on s.id = f.ref and f.kind in ('suspended', 'returned', 'return_failed')
  group by 1, 2
), posted as (
  select c.name as code, a.name as currency, sum(case when p.debit = c.code then p.amount else -p.amount end) as amount_minor
  from ledger_code c
  join posting p on p.debit = c.code or p.credit = c.code
  join txn t on t.book_id = p.book_id and t.no = p.no
  join ledger_asset a on a.asset = p.asset
  where (c.name like 'clearing.%' and abs(t.source) in (5, 7)) or (c.name like 'refund.%' and abs(t.source) = 6)
  group by 1, 2
)
select 'feed_equals_clearing' as rule, format('%s %s: feed %s, ledger %s', code, currency, coalesce(f.amount_minor, 0), coalesce(l.amount_minor, 0)) as detail
from fed f full join posted l using (code, currency)
where coalesce(f.amount_minor, 0) <> coalesce(l.amount_minor, 0)
  and not exists (select from payment_feed_state where fill_from is not null)
limit :limit
