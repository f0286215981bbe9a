-- What an account's electricity is used for, and in what it is paid. Served by pk_account.
select class as account_class, currency from account where id = :account_id
