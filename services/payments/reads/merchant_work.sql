-- What is still to be asked of merchant accounts, or sent back out of them: attempts that may be paid or are asked about, refunds that have not ended,
-- money that waits. Served by uq_payment_attempt_living, ix_payment_attempt_next_check_at, ix_payment_refund_next_check_at and ix_payment_suspense_open, which hold nothing else.
select w.provider, w.merchant, sum(w.payments)::integer as payments, sum(w.refunds)::integer as refunds, sum(w.waiting)::integer as waiting
from (
  select provider, merchant, 1 as payments, 0 as refunds, 0 as waiting from payment_attempt
  where state in ('created', 'prepared', 'pending', 'unknown') or next_check_at is not null
  union all
  select provider, merchant, 0, 1, 0 from payment_refund where next_check_at is not null
  union all
  select provider, merchant, 0, 0, 1 from payment_suspense where state = 'open' and book_id is not null
) w
group by w.provider, w.merchant
order by w.provider, w.merchant
