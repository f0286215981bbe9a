-- What came for an order without a place, and what staff decided about it since. A row without money (`transaction_claimed`) is followed to the money
-- that it names: to what came for no order of ours, and to what came for another order and was given to an account of this one. It is told as that
-- money is, also when it left that account again. One that is closed counts when its money was given to an account of the order: it is what leaves the
-- order in suspense. `row_id` names the order. `decided_at`: when it was given to `assigned_account_id`, or sent back. Served by
-- ix_payment_suspense_order_id, only the rows of few orders, ix_payment_suspense_transaction_id and pk_payment_refund.
create or replace function order_suspense(p_order uuid) returns table (
  id bigint, row_id bigint, attempt_id uuid, reason text, account_id bigint, part_id bigint, state text, amount_minor bigint, currency text, paid_at timestamptz,
  transaction_id text, decided_at timestamptz, assigned_account_id bigint) language sql stable parallel safe as $$
  select coalesce(m.id, s.id), s.id, s.attempt_id, s.reason, s.account_id, s.part_id, w.state, coalesce(m.amount_minor, s.amount_minor), coalesce(m.currency, s.currency),
    coalesce(m.paid_at, s.paid_at), s.transaction_id,
    case w.state when 'assigned' then coalesce(m.assigned_at, s.assigned_at) when 'returned' then r.created_at end,
    case w.state when 'assigned' then coalesce(m.assigned_account_id, s.assigned_account_id) end
  from payment_suspense s
  left join lateral (
    select f.id, f.order_id, f.state, f.amount_minor, f.currency, f.paid_at, f.assigned_at, f.assigned_account_id, f.refund_id,
      exists (
        select from payment_attempt t join payment_part p on p.attempt_id = t.id
        where t.order_id = p_order and p.account_id = f.assigned_account_id) as is_given_here
    from payment_suspense f
    where s.book_id is null and f.transaction_id = s.transaction_id and f.provider = s.provider and f.book_id is not null
  ) m on m.order_id is null or m.order_id <> s.order_id and m.is_given_here
  cross join lateral (select coalesce(m.state, s.state) as state) w
  left join payment_refund r on r.id = coalesce(m.refund_id, s.refund_id)
  where s.order_id = p_order and (s.state <> 'matched' or m.is_given_here)
$$;
