-- Give the next facts their numbers, in the order in which they were recorded. The caller holds the lock of payment_feed_state. A fact that was
-- noted twice gets one number. Served by pk_payment_feed_pending, uq_payment_feed_kind_ref_posting_id, pk_payment_part, pk_payment_attempt,
-- pk_payment_suspense, uq_book_owner, uq_txn_source and pk_account.
with taken as materialized (
  delete from payment_feed_pending p
  using (select kind, ref, posting_id from payment_feed_pending order by kind, ref limit :most) n
  where p.kind = n.kind and p.ref = n.ref and p.posting_id = n.posting_id
  returning p.kind, p.ref, p.posting_id, p.account_id
), fresh as materialized (
  select t.kind, t.ref, t.posting_id, t.account_id
  from taken t where not exists (select from payment_feed f where f.kind = t.kind and f.ref = t.ref and f.posting_id = t.posting_id)
), fact as (
  select f.kind, f.ref, f.posting_id, f.account_id, p.attempt_id, p.amount_minor, t.currency,
    case when p.taken_minor > 0
      then jsonb_build_array(jsonb_build_object('kind', p.payable_kind, 'no', p.payable_no, 'amount_minor', p.taken_minor)) else '[]' end as settled,
    x.effective_at, x.recorded_at
  from fresh f
  left join payment_part p on p.account_id = f.account_id and p.id = f.ref
  left join payment_attempt t on t.id = p.attempt_id
  left join txn x on x.book_id = p.book_id and x.source_id = p.attempt_id and x.source = 5
  where f.kind = 'booked'
  union all
  select f.kind, f.ref, f.posting_id, f.account_id, s.attempt_id, s.amount_minor, s.currency, '[]', x.effective_at, x.recorded_at
  from fresh f
  left join payment_suspense s on s.id = f.ref
  left join txn x on x.book_id = s.book_id and x.source_id = s.source_id and x.source in (5, 7)
  where f.kind = 'suspended'
  union all
  select f.kind, f.ref, f.posting_id, f.account_id, s.attempt_id, s.amount_minor, s.currency, coalesce(s.settled, '[]'), x.effective_at, x.recorded_at
  from fresh f
  left join payment_suspense s on s.id = f.ref
  left join book b on b.owner_kind = 'account' and b.owner_id = f.account_id
  left join txn x on x.book_id = b.id and x.source_id = s.assignment_id and x.source = 9
  where f.kind = 'assigned'
  union all
  select f.kind, f.ref, f.posting_id, f.account_id, s.attempt_id, -s.amount_minor, s.currency, coalesce(s.put_back, '[]'), x.effective_at, x.recorded_at
  from fresh f
  left join payment_suspense s on s.id = f.ref
  left join book b on b.owner_kind = 'account' and b.owner_id = f.account_id
  left join txn x on x.book_id = b.id and x.source_id = s.assignment_id and x.source = -9
  where f.kind = 'unassigned'
  union all
  select f.kind, f.ref, f.posting_id, f.account_id, s.attempt_id, case f.kind when 'returned' then -s.amount_minor else s.amount_minor end, s.currency,
    '[]', x.effective_at, x.recorded_at
  from fresh f
  left join payment_suspense s on s.id = f.ref
  left join txn x on x.book_id = s.book_id and x.source_id = f.posting_id and x.source = case f.kind when 'returned' then 6 else -6 end
  where f.kind in ('returned', 'return_failed')
), made as (
  -- What finds no posting has no time, and stops here: better late and loud than lost.
  insert into payment_feed (no, unit_id, kind, ref, posting_id, account_id, attempt_id, amount_minor, currency, settled, effective_at, recorded_at)
  select (select last_no from payment_feed_state) + row_number() over (order by f.recorded_at, f.kind, f.ref), a.unit_id, f.kind, f.ref, f.posting_id,
    f.account_id, f.attempt_id, f.amount_minor, f.currency, f.settled, f.effective_at, f.recorded_at
  from fact f left join account a on a.id = f.account_id
  returning no
)
update payment_feed_state set last_no = last_no + (select count(*) from made)
returning (select count(*) from taken) as taken
