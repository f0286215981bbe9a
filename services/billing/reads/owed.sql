-- Open bills and prepaid balance of one account. Served by pk_account, ix_bill_open, uq_book_owner, pk_balance.
select a.currency, coalesce(o.due_minor, 0)::bigint as due_minor, o.next_due, coalesce(o.open_count, 0) as open_count,
  coalesce(p.balance, 0)::bigint as prepaid_minor
from account a
left join lateral (
  select sum(b.open_minor) as due_minor, min(b.due_date) as next_due, count(*) as open_count from bill b where b.account_id = a.id and b.open_minor > 0
) o on true
left join lateral (
  select l.balance from book k join ledger_code c on c.name = 'prepaid' join ledger_asset t on t.name = a.currency
  join balance l on l.book_id = k.id and l.code = c.code and l.asset = t.asset
  where k.owner_kind = 'account' and k.owner_id = a.id
) p on true
where a.id = :account_id
