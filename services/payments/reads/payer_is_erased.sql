-- Whether the payer of what a callback is about is erased; `number` is the attempt's or the refund's at the provider.
-- Served by uq_payment_attempt_out_trade_no, uq_payment_refund_out_refund_no and the primary keys.
select exists (
  select from erasure e where e.done_at is not null and e.user_id in (
    select o.payer_user_id from payment_attempt a join payment_order o on o.id = a.order_id where a.out_trade_no = :number
    union all
    select o.payer_user_id from payment_refund r
    join payment_suspense s on s.id = r.suspense_id join payment_order o on o.id = s.order_id
    where r.out_refund_no = :number
  )
)
