-- Keep a callback that says PAID, and book it. True when nothing is left to do; false leaves the callback locked and not applied.
create or replace function payment_take(
  p_source text, p_external_id text, p_body bytea, p_provider text, p_out_trade_no text, p_transaction_id text, p_amount bigint,
  p_currency text, p_paid_at timestamptz, p_now timestamptz, p_kinds text[], p_settles text[]
) returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_callback bigint := inbox_keep(p_source, p_external_id, p_body, p_out_trade_no, 'booked');
begin
  if v_callback is null then
    return inbox_is_applied(p_source, p_external_id);
  end if;
  if payment_book(p_provider, p_out_trade_no, p_transaction_id, p_amount, p_currency, p_paid_at, p_now, p_kinds, p_settles) is null then
    perform inbox_leave(v_callback);
    return false;
  end if;
  return true;
end $$;
