-- How the prepaid balances of these accounts divide over their open bills, oldest due first. Served by uq_book_owner, pk_balance, ix_bill_open.
create temporary table applied on commit drop as
select o.account_id, o.bill_id, o.book_id, o.currency, uuidv7() as payment_id, least(o.open_minor, o.prepaid - o.before) as amount_minor
from (
  select bill.account_id, bill.id as bill_id, b.id as book_id, a.currency, bill.open_minor, p.balance as prepaid,
    sum(bill.open_minor) over (partition by bill.account_id order by bill.due_date, bill.id) - bill.open_minor as before
  from unnest(cast(:account_ids as bigint[])) w (account_id)
  join account a on a.id = w.account_id
  join book b on b.owner_kind = 'account' and b.owner_id = a.id
  join ledger_code c on c.name = 'prepaid'
  join ledger_asset t on t.name = a.currency
  join balance p on p.book_id = b.id and p.code = c.code and p.asset = t.asset and p.balance > 0
  join bill on bill.account_id = a.id and bill.open_minor > 0 and bill.opening_run_id is null
) o
where o.before < o.prepaid
