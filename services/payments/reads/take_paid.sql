-- Keep a callback that says PAID and book it; true when nothing is left to do. Served by uq_inbox_source_external_id,
-- uq_payment_attempt_out_trade_no and the owners' primary keys.
select payment_take(:source, :external_id, :body, :provider, :out_trade_no, :transaction_id, :amount, :currency, :paid_at, :now,
  cast(:kinds as text[]), cast(:settles as text[]))
