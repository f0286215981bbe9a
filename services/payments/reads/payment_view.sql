-- One payment as JSON text for its payer: null when it is not there or not theirs, an empty text when the session has
-- ended. Served by uq_payment_order_payment_no.
select case when exists (select from living_session(:session_id, :now))
  then payment_view(:payment_no, :user_id, :session_id, :now)::text else '' end
