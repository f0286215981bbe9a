-- Payments of a range of accounts against claims and ledger, one row per breach. Served by pk_payment_part, pk_payment_attempt, pk_claim,
-- uq_book_owner and uq_txn_source, one range each.
with part as materialized (
  select p.attempt_id, p.book_id, p.account_id, sum(p.amount_minor) as amount_minor, bool_or(p.outcome <> 'open') as is_booked
  from payment_part p where p.account_id between :first_account and :last_account group by p.attempt_id, p.book_id, p.account_id
), paid as (
  select a.id, a.provider, a.transaction_id, p.account_id, p.book_id, p.amount_minor, p.is_booked
  from part p join payment_attempt a on a.id = p.attempt_id where a.state = 'paid'
), posted as (
  select p.id, p.book_id, sum(l.amount) as amount_minor
  from paid p
  join txn t on t.book_id = p.book_id and t.source_id = p.id and t.source = 5
  join posting l on l.book_id = t.book_id and l.no = t.no
  join ledger_code c on c.code = l.debit and c.name = 'clearing.' || p.provider
  group by p.id, p.book_id
)
select p.account_id, 'booked_parts_equal_postings' as rule,
  format('attempt %s: parts %s, posted %s', p.id, p.amount_minor, coalesce(t.amount_minor, 0)) as detail
from paid p left join posted t on t.id = p.id and t.book_id = p.book_id
where p.is_booked and p.amount_minor is distinct from t.amount_minor
union all
select p.account_id, 'paid_attempts_are_claimed', format('attempt %s: claimed for %s', p.id, coalesce(c.owner, 'nobody'))
from paid p left join claim c on c.kind = p.provider || '.transaction' and c.key = p.transaction_id
where c.owner is distinct from p.id::text
  and not (c.owner is not null and exists (
    select from payment_suspense s where s.attempt_id = p.id and s.transaction_id = p.transaction_id and s.reason = 'transaction_claimed'))
union all
select b.owner_id, 'postings_are_of_paid_attempts', format('book %s no %s: attempt %s', t.book_id, t.no, t.source_id)
from book b join txn t on t.book_id = b.id and t.source = 5
where b.owner_kind = 'account' and b.owner_id between :first_account and :last_account
  and not exists (select from paid p where p.id = t.source_id and p.book_id = t.book_id and p.is_booked)
limit :limit
