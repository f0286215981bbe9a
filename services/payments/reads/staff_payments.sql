-- Payments for an account with their attempts and this account's parts, the latest first, as JSON text. Served by pk_payment_part, whose parts
-- of an account are few beside those of all, pk_payment_attempt, pk_payment_order and uq_payment_attempt_order_id_no.
select o.payment_no, o.state, o.amount_minor, o.currency, o.created_at, o.paid_at, o.id,
  (select json_agg(json_build_object(
      'id', t.id, 'no', t.no, 'state', t.state, 'method', t.method, 'out_trade_no', t.out_trade_no, 'amount_minor', t.amount_minor, 'currency', t.currency,
      'transaction_id', t.transaction_id, 'created_at', t.created_at, 'paid_at', t.paid_at, 'checks', t.checks, 'failures', t.failures,
      'next_check_at', t.next_check_at, 'refused_reason', t.refused_reason,
      'parts', (select coalesce(json_agg(json_build_object('kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
          'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id), '[]')
        from payment_part p where p.account_id = :account_id and p.attempt_id = t.id)) order by t.no desc)
    from payment_attempt t where t.order_id = o.id) as attempts
from payment_order o
where o.id in (
    select t.order_id from payment_part p join payment_attempt t on t.id = p.attempt_id where p.account_id = :account_id)
  and o.id < :before
order by o.id desc limit :limit
