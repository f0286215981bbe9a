-- Payments for an account with their attempts and this account's parts, the latest first, as JSON text. The sums of one that is for accounts
-- elsewhere, too (`is_part`), are those of its parts in units where a member of staff may read payments. Served by pk_payment_part, whose parts
-- of an account are few beside those of all, pk_payment_attempt, pk_payment_order, uq_payment_attempt_order_id_no and ix_payment_part_attempt_id.
with seen as materialized (
  select unit_id from staff_units(:staff_id, 'payments.view', :now)
), page as materialized (
  select o.*
  from payment_order o
  where o.id in (
      select t.order_id from payment_part p join payment_attempt t on t.id = p.attempt_id where p.account_id = :account_id)
    and o.id < :before
  order by o.id desc limit :limit
), tries as materialized (
  select t.id, t.order_id, t.no, s.part_minor, s.is_part,
    case when s.is_part then s.part_minor else t.amount_minor end as amount_minor
  from page o
  join payment_attempt t on t.order_id = o.id
  cross join lateral (
    select coalesce(sum(p.amount_minor) filter (where v.unit_id is not null), 0)::bigint as part_minor, bool_or(v.unit_id is null) as is_part
    from payment_part p join account a on a.id = p.account_id left join seen v on v.unit_id = a.unit_id
    where p.attempt_id = t.id
  ) s
)
select o.payment_no, order_state(o.id, o.state) as state, case when m.is_part then m.part_minor else o.amount_minor end as amount_minor, m.is_part, o.currency, o.created_at,
  o.paid_at, o.id,
  (select json_agg(json_build_object(
      'id', t.id, 'no', t.no, 'state', t.state, 'merchant', t.merchant, 'method', t.method, 'out_trade_no', t.out_trade_no, 'amount_minor', w.amount_minor, 'currency', t.currency,
      'transaction_id', t.transaction_id, 'created_at', t.created_at, 'paid_at', t.paid_at, 'checks', t.checks, 'failures', t.failures,
      'next_check_at', t.next_check_at, 'refused_reason', t.refused_reason,
      'parts', (select coalesce(json_agg(json_build_object('kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
          'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id), '[]')
        from payment_part p where p.account_id = :account_id and p.attempt_id = t.id)) order by t.no desc)
    from tries w join payment_attempt t on t.id = w.id where w.order_id = o.id) as attempts
from page o
cross join lateral (
  select bool_or(is_part) as is_part, (array_agg(part_minor order by no desc))[1] as part_minor from tries where order_id = o.id
) m
order by o.id desc
