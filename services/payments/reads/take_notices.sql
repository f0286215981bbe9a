-- Keep callbacks that say PAID and book them; for each, whether nothing is left to do. Served by uq_inbox_source_external_id,
-- uq_payment_attempt_out_trade_no and the owners' primary keys.
call payment_take_each(
  cast(:sources as text[]), cast(:external_ids as text[]), cast(:bodies as bytea[]), cast(:providers as text[]),
  cast(:out_trade_nos as text[]), cast(:transaction_ids as text[]), cast(:amounts as bigint[]), cast(:currencies as text[]),
  cast(:paid_at as timestamptz[]), cast(:now as timestamptz[]), cast(:kinds as text[]), cast(:settles as text[]), '{}',
  cast(:merchants as text[]))
