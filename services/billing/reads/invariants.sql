-- Per account: what is open of its bills equals the receivable of its book; and each issued bill is open by its amount less its settlements.
-- A bill whose opening balance is still to be posted counts only with what was settled since, and is a breach itself when no run is at it.
-- Reads whole ranges of bill and balance.
with owed as (
  select bill.account_id, sum(bill.open_minor) as open_minor
  from bill where bill.account_id between :first_account and :last_account and bill.opening_run_id is null group by bill.account_id
), pending as (
  select bill.account_id, -sum(t.amount_minor) as open_minor
  from bill join bill_settlement t on t.account_id = bill.account_id and t.bill_id = bill.id
  where bill.account_id between :first_account and :last_account and bill.opening_run_id is not null group by bill.account_id
), posted as (
  select b.owner_id as account_id, sum(l.balance) as balance
  from book b join ledger_code c on c.name = 'receivable' join balance l on l.book_id = b.id and l.code = c.code
  where b.owner_kind = 'account' and b.owner_id between :first_account and :last_account group by b.owner_id
), compared as (
  select coalesce(o.account_id, p.account_id) as account_id, coalesce(o.open_minor, 0) + coalesce(n.open_minor, 0) as open_minor,
    coalesce(p.balance, 0) as balance
  from owed o full join posted p on p.account_id = o.account_id left join pending n on n.account_id = coalesce(o.account_id, p.account_id)
)
select account_id, 'open_bills_equal_receivable' as rule, format('open bills %s, receivable %s', open_minor, balance) as detail
from compared where open_minor <> balance
union all
select b.account_id, 'open_equals_amount_less_settlements', format('bill %s: open %s, amount %s, settled %s', b.id, b.open_minor, b.amount_minor, t.settled)
from bill b
left join lateral (
  select coalesce(sum(t.amount_minor), 0) as settled from bill_settlement t where t.account_id = b.account_id and t.bill_id = b.id
) t on true
where b.account_id between :first_account and :last_account and b.origin = 'issued' and b.state <> 'cancelled'
  and b.open_minor <> b.amount_minor - t.settled
union all
select b.account_id, 'openings_are_posted', format('bill %s: of run %s, which no run of the last day will post', b.id, b.opening_run_id)
from bill b
where b.account_id between :first_account and :last_account and b.opening_run_id is not null
  and not exists (
    select from import_run r
    where r.kind = 'bills' and r.id >= b.opening_run_id and r.finished_at is null and r.started_at > now() - interval '1 day'
  )
union all
select b.account_id, 'lines_equal_amount', format('bill %s: amount %s, lines %s', b.id, b.amount_minor, l.total)
from bill b
join lateral (select sum(l.amount_minor) as total from bill_line l where l.account_id = b.account_id and l.bill_id = b.id) l on l.total is not null
where b.account_id between :first_account and :last_account and l.total <> b.amount_minor
limit :limit
