-- A payment with its attempts and the parts of accounts in units where a member of staff may do something with it. Served by
-- uq_payment_order_payment_no, uq_payment_attempt_order_id_no, ix_payment_part_attempt_id and keys.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
)
select o.id, o.payment_no, o.state, o.amount_minor, o.currency, o.created_at, o.expires_at, o.paid_at, o.provider,
  (select json_agg(json_build_object(
      'id', t.id, 'no', t.no, 'state', t.state, 'method', t.method, 'out_trade_no', t.out_trade_no, 'amount_minor', t.amount_minor, 'currency', t.currency,
      'transaction_id', t.transaction_id, 'created_at', t.created_at, 'paid_at', t.paid_at, 'checks', t.checks, 'failures', t.failures,
      'next_check_at', t.next_check_at, 'refused_reason', t.refused_reason,
      'parts', (select coalesce(json_agg(json_build_object('kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
          'taken_minor', p.taken_minor, 'outcome', p.outcome, 'account_no', a.account_no) order by p.id), '[]')
        from payment_part p join account a on a.id = p.account_id
        where p.attempt_id = t.id and a.unit_id in (select unit_id from seen))) order by t.no desc)
    from payment_attempt t where t.order_id = o.id) as attempts
from payment_order o
where o.payment_no = :payment_no
  and exists (
    select from payment_attempt t join payment_part p on p.attempt_id = t.id join account a on a.id = p.account_id
    where t.order_id = o.id and a.unit_id in (select unit_id from seen))
