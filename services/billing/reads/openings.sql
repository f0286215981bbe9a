-- The next accounts whose opening balance of an import is still to be posted. Served by ix_bill_opening.
select distinct account_id from bill where opening_run_id = :run_id order by account_id limit :limit
