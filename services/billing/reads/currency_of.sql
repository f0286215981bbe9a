-- In what an account is billed. Served by pk_account.
select currency from account where id = :account_id
