-- Take a payment's share off a bill: what was taken, 0 when nothing is open any more, the first answer at a repetition. Tells BillSettled (5)
-- at zero. The caller holds the lock of the account's book and posts what was taken.
-- Refuses with P0002 unknown bill, BL001 another currency.
create function bill_settle(p_account bigint, p_bill bigint, p_payment uuid, p_amount bigint, p_currency text, p_now timestamptz)
returns bigint language plpgsql set search_path = public, pg_temp as $$
declare
  v_share bigint;
  v_is_settled boolean;
  v_currency text;
begin
  update bill b set open_minor = b.open_minor - least(b.open_minor, p_amount),
      state = case when b.open_minor <= p_amount then 'settled' else 'issued' end
    from account a
    where b.account_id = p_account and b.id = p_bill and b.open_minor > 0 and p_amount > 0 and a.id = p_account and a.currency = p_currency
      and not exists (select from bill_settlement s where s.account_id = p_account and s.bill_id = p_bill and s.payment_id = p_payment)
    returning old.open_minor - new.open_minor, new.open_minor = 0 into v_share, v_is_settled;
  if not found then
    select a.currency into strict v_currency from bill b join account a on a.id = b.account_id where b.account_id = p_account and b.id = p_bill;
    if v_currency <> p_currency then
      raise exception 'bill % of account % is in %', p_bill, p_account, v_currency using errcode = 'BL001';
    end if;
    return (select coalesce(sum(s.amount_minor), 0) from bill_settlement s
      where s.account_id = p_account and s.bill_id = p_bill and s.payment_id = p_payment);
  end if;
  insert into bill_settlement (account_id, bill_id, payment_id, amount_minor, settled_at) values (p_account, p_bill, p_payment, v_share, p_now);
  if v_is_settled then
    insert into outbox (kind, payload) values (5, jsonb_build_object('account_id', p_account, 'bill_id', p_bill));
  end if;
  return v_share;
end $$;

revoke all on function bill_settle from public;
grant execute on function bill_settle to wattline_app;
