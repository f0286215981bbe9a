-- Which of these accounts have prepaid balance. Served by pk_account, uq_book_owner and pk_balance.
select a.id
from unnest(cast(:account_ids as bigint[])) w (account_id)
join account a on a.id = w.account_id
join book b on b.owner_kind = 'account' and b.owner_id = a.id
join ledger_code c on c.name = 'prepaid'
join ledger_asset t on t.name = a.currency
join balance p on p.book_id = b.id and p.code = c.code and p.asset = t.asset and p.balance > 0
