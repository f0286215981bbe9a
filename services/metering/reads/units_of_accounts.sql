-- The unit of each account. Served by pk_account.
select unit_id from account where id = any(:account_ids)
