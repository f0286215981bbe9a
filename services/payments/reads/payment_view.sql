-- One payment as JSON text for its payer, null when it is not there or not theirs. Served by uq_payment_order_payment_no.
select payment_view(:payment_no, :user_id, :session_id, :now)::text
