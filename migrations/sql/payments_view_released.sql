-- A payment as its payer may see it, or null: the session lives, the payer is this person, and the payer still may pay for the account (or
-- paid with a quote for somebody else's). `waiting` turns into `unknown` when nobody knows yet whether money moved: do not pay twice.
-- Who pays by a quote for somebody else does not see which bills the money went to, nor what each of them came to.
-- It shows the sum that the order names: of several paid attempts the one that was booked first. What came besides is `also_received`:
-- of another attempt, or of a second transaction under one number, which always waits for staff. A sum that went back to whoever paid it is
-- `returned`; what named a transaction whose money is another's is no sum. `suspense` is what came without a place in the sum that it shows, and what
-- staff decided about it since; the account is named to who may see it.
-- Both lists are told of a payment that ended unpaid, too: its money was taken back, or came under another transaction.
create or replace function payment_view(p_payment_no text, p_user uuid, p_session uuid, p_now timestamptz) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'payment_no', o.payment_no,
    'state', case when o.state <> 'open' then o.state when a.state = 'unknown' or p_now >= a.expires_at then 'unknown' else 'waiting' end,
    'is_final', o.state <> 'open',
    'account_no', (select c.account_no from payment_part p join account c on c.id = p.account_id where p.attempt_id = a.id order by p.id limit 1),
    'amount', jsonb_build_object('amount_minor', o.amount_minor, 'currency', o.currency),
    'provider', o.provider,
    'method', o.method,
    'created_at', o.created_at,
    'expires_at', o.expires_at,
    'paid_at', o.paid_at,
    'provider_reference', a.transaction_id,
    'parts', case when o.quote_id is not null then '[]'::jsonb else (
      select jsonb_agg(
        jsonb_build_object('account_no', c.account_no, 'kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
          'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id)
      from payment_part p join account c on c.id = p.account_id where p.attempt_id = a.id) end,
    'suspense', coalesce((
      select jsonb_agg(
        jsonb_build_object('amount', jsonb_build_object('amount_minor', s.amount_minor, 'currency', s.currency),
          'outcome', case s.state when 'open' then 'suspended' when 'returned' then 'returned' else 'booked' end, 'decided_at', s.decided_at,
          'account_no', (
            select c.account_no from account c
            where c.id = s.assigned_account_id and (
              exists (select from payment_part p where p.attempt_id = a.id and p.account_id = c.id)
              or exists (select from account_access(p_user, c.account_no, 'view', p_now)))),
          'no', case when o.quote_id is null then (
            select p.payable_no from payment_part p where p.account_id = s.account_id and p.id = s.part_id) end) order by s.id)
      from order_suspense(o.id) s where s.attempt_id = a.id and s.reason <> 'second_transaction'), '[]'::jsonb),
    'also_received', coalesce((
      select jsonb_agg(
        jsonb_build_object('amount', jsonb_build_object('amount_minor', r.amount_minor, 'currency', r.currency), 'paid_at', r.paid_at,
          'provider_reference', r.transaction_id, 'outcome', r.outcome, 'parts', r.parts) order by r.paid_at, r.transaction_id)
      from (
        select coalesce(s.amount_minor, t.amount_minor) as amount_minor, coalesce(s.currency, t.currency) as currency, t.paid_at, t.transaction_id,
          case when s.state = 'open' or (s.state is null and not exists (
            select from payment_part p where p.attempt_id = t.id and p.outcome = 'booked')) then 'suspended'
            when s.state = 'returned' then 'returned' else 'booked' end as outcome,
          case when o.quote_id is not null or s.state is not null then '[]'::jsonb else (
            select jsonb_agg(
              jsonb_build_object('account_no', c.account_no, 'kind', coalesce(p.payable_kind, 'prepaid'), 'no', p.payable_no, 'amount_minor', p.amount_minor,
                'taken_minor', p.taken_minor, 'outcome', p.outcome) order by p.id)
            from payment_part p join account c on c.id = p.account_id where p.attempt_id = t.id) end as parts
        from payment_attempt t left join order_suspense(o.id) s on s.attempt_id = t.id and s.transaction_id = t.transaction_id
          and s.reason in ('amount_differs', 'transaction_claimed')
        where t.order_id = o.id and t.state = 'paid' and t.id <> a.id and not (s.id is null and exists (
          select from payment_suspense n where n.order_id = o.id and n.attempt_id = t.id and n.state = 'matched'))
        union all
        select s.amount_minor, s.currency, s.paid_at, s.transaction_id, case s.state when 'open' then 'suspended' when 'returned' then 'returned' else 'booked' end, '[]'::jsonb
        from payment_suspense s where s.order_id = o.id and s.reason = 'second_transaction'
      ) r), '[]'::jsonb))
  from payment_order o
  join lateral (
    select t.id, t.state, t.expires_at, t.transaction_id from payment_attempt t where t.order_id = o.id
    order by t.state = 'paid' desc, (t.paid_at = o.paid_at) is true desc, t.amount_minor = o.amount_minor desc,
      case when t.state = 'paid' then t.no else -t.no end limit 1
  ) a on true
  where o.payment_no = p_payment_no
    and o.payer_user_id = p_user
    and (p_session is null or exists (select from living_session(p_session, p_now)))
    and (o.quote_id is not null or not exists (
      select from payment_part p join account c on c.id = p.account_id
      where p.attempt_id = a.id and not exists (select from account_access(p_user, c.account_no, 'pay', p_now))))
$$;
