-- Take a payment's share off a bill: what was taken, 0 when nothing is open any more, the first answer at a repetition. Tells BillSettled (5)
-- at zero. The caller holds the lock of the account's book and posts what was taken.
-- Refuses with P0002 unknown bill, BL001 another currency.
create function bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamptz)
returns bigint language plpgsql set search_path = public, pg_temp as $$
declare
  v_open bigint;
  v_currency text;
  v_share bigint;
begin
  select b.open_minor, a.currency into strict v_open, v_currency
    from bill b join account a on a.id = b.account_id where b.account_id = p_account and b.id = p_bill for update of b;
  if v_currency <> p_currency then
    raise exception 'bill % of account % is in %', p_bill, p_account, v_currency using errcode = 'BL001';
  end if;
  select sum(s.amount_minor)::bigint into v_share
    from bill_settlement s where s.account_id = p_account and s.bill_id = p_bill and s.payment_id = p_payment;
  if v_share > 0 then
    return v_share;
  end if;
  v_share := least(v_open, p_amount);
  if v_share > 0 then
    update bill set open_minor = open_minor - v_share, state = case when open_minor = v_share then 'settled' else 'issued' end
      where account_id = p_account and id = p_bill;
    insert into bill_settlement (account_id, bill_id, payment_id, amount_minor, settled_at)
      values (p_account, p_bill, p_payment, v_share, p_now);
  end if;
  if v_share > 0 and v_share = v_open then
    insert into outbox (kind, payload) values (5, jsonb_build_object('account_id', p_account, 'bill_id', p_bill));
  end if;
  return v_share;
end $$;

revoke all on function bill_settle from public;
grant execute on function bill_settle to wattline_app;
