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
union all
select 'refunds_are_claimed', format('%s %s: claimed for %s', c.kind, c.key, c.owner)
from claim c
where c.kind like '%.refund'
  and not exists (select from payment_refund r where r.out_refund_no = c.key and r.id::text = c.owner and r.provider || '.refund' = c.kind)
union all
select 'refunds_are_claimed', format('refund %s: claimed for nobody', r.out_refund_no)
from payment_refund r
where not exists (select from claim c where c.kind = r.provider || '.refund' and c.key = r.out_refund_no and c.owner = r.id::text)
union all
select 'refunds_are_of_returned_suspense', format('suspense %s: %s, refund %s: %s', s.id, s.state, r.out_refund_no, r.state)
from payment_refund r join payment_suspense s on s.id = r.suspense_id
where (r.state not in ('failed', 'contested', 'lost')) <> (s.refund_id is not distinct from r.id)
union all
select 'refunds_are_posted', format('refund %s: %s, posted %s of %s', r.out_refund_no, r.state, coalesce(p.amount, 0), r.amount_minor)
from payment_refund r
left join lateral (
  select sum(case when t.source = 6 then l.amount else -l.amount end) as amount
  from txn t
  join posting l on l.book_id = t.book_id and l.no = t.no
  join ledger_code c on c.code = case when t.source = 6 then l.credit else l.debit end and c.name = 'refund.' || r.provider
  where t.book_id = r.book_id and t.source_id = r.posting_id and t.source in (6, -6)
) p on true
where coalesce(p.amount, 0) <> case when r.state in ('failed', 'contested') then 0 else r.amount_minor end
union all
select 'refund_clearing_equals_refunds', format('%s: refunds %s, clearing %s', coalesce(r.name, l.name), coalesce(r.amount_minor, 0), coalesce(l.amount, 0))
from (select 'refund.' || provider as name, sum(amount_minor) as amount_minor from payment_refund where state not in ('failed', 'contested') group by provider) r
full join (
  select c.name, sum(b.balance) as amount from balance b join ledger_code c on c.code = b.code and c.name like 'refund.%' group by c.name
) l on l.name = r.name
where coalesce(r.amount_minor, 0) <> coalesce(l.amount, 0)
limit :limit
