-- Claims of providers' transactions against what was booked for them, and suspense against the ledger. Reads whole tables.
select 'claims_are_booked' as rule, format('%s %s: claimed for %s', c.kind, c.key, c.owner) as detail
from claim c
where c.kind like '%.transaction'
  and not exists (
    select from payment_attempt a where a.id::text = c.owner and a.state = 'paid' and a.transaction_id = c.key and a.provider || '.transaction' = c.kind)
  and not exists (select from payment_suspense s where s.provider || '.transaction' = c.kind and s.transaction_id = c.key)
union all
select 'suspense_is_claimed', format('suspense %s: %s of %s', s.id, s.transaction_id, s.provider)
from payment_suspense s
where not exists (select from claim c where c.kind = s.provider || '.transaction' and c.key = s.transaction_id)
union all
select 'suspense_is_posted', format('suspense %s: book %s source %s', s.id, s.book_id, s.source_id)
from payment_suspense s
where s.reason <> 'transaction_claimed' and not exists (select from txn t where t.book_id = s.book_id and t.source_id = s.source_id and t.source in (5, 7))
union all
select 'open_suspense_equals_balance', format('book %s: open %s, balance %s', coalesce(o.book_id, l.book_id), coalesce(o.amount_minor, 0), coalesce(l.balance, 0))
from (
  select s.book_id, a.asset, sum(s.amount_minor) as amount_minor
  from payment_suspense s join ledger_asset a on a.name = s.currency where s.state = 'open' and s.reason <> 'transaction_claimed' group by s.book_id, a.asset
) o
full join (select l.book_id, l.asset, l.balance from balance l join ledger_code c on c.code = l.code and c.name = 'suspense') l
  on l.book_id = o.book_id and l.asset = o.asset
where coalesce(o.amount_minor, 0) <> coalesce(l.balance, 0)
limit :limit
