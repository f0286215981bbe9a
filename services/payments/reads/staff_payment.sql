-- A payment with its attempts and the parts of accounts in units where a member of staff may do something with it. When it is for accounts elsewhere,
-- too (`is_part`), its sums are those of these parts alone: the whole would tell what is paid there. Served by uq_payment_order_payment_no,
-- uq_payment_attempt_order_id_no, ix_payment_part_attempt_id and keys.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
), tries as materialized (
  select t.id, t.no, s.part_minor, s.is_part,
    case when s.is_part then s.part_minor else t.amount_minor end as amount_minor
  from payment_order o
  join payment_attempt t on t.order_id = o.id
  cross join lateral (
    select coalesce(sum(p.amount_minor) filter (where v.unit_id is not null), 0)::bigint as part_minor, bool_or(v.unit_id is null) as is_part
    from payment_part p join account a on a.id = p.account_id left join seen v on v.unit_id = a.unit_id
    where p.attempt_id = t.id
  ) s
  where o.payment_no = :payment_no
), sums as (
  select bool_or(is_part) as is_part, (array_agg(part_minor order by no desc))[1] as part_minor from tries
)
select o.id, o.payment_no, order_state(o.id, o.state) as state, case when m.is_part then m.part_minor else o.amount_minor end as amount_minor, m.is_part, o.currency,
  o.created_at, o.expires_at, o.paid_at, o.provider,
  (select json_agg(json_build_object(
      'id', t.id, 'no', t.no, 'state', t.state, 'merchant', t.merchant, 'method', t.method, 'out_trade_no', t.out_trade_no, 'amount_minor', w.amount_minor, 'currency', t.currency,
      'transaction_id', t.transaction_id, 'created_at', t.created_at, 'paid_at', t.paid_at, 'checks', t.checks, 'failures', t.failures,
      'next_check_at', t.next_check_at, 'refused_reason', t.refused_reason,
      'parts', (select coalesce(json_agg(json_build_object('kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
          'taken_minor', p.taken_minor, 'outcome', p.outcome, 'account_no', a.account_no) order by p.id), '[]')
        from payment_part p join account a on a.id = p.account_id
        where p.attempt_id = t.id and a.unit_id in (select unit_id from seen))) order by t.no desc)
    from tries w join payment_attempt t on t.id = w.id) as attempts
from payment_order o
cross join sums m
where o.payment_no = :payment_no
  and exists (
    select from payment_attempt t join payment_part p on p.attempt_id = t.id join account a on a.id = p.account_id
    where t.order_id = o.id and a.unit_id in (select unit_id from seen))
