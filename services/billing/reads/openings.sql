-- The next accounts whose opening balance of these runs is still to be posted. Served by ix_bill_opening.
select distinct account_id from bill where opening_run_id = any(cast(:run_ids as bigint[])) order by account_id limit :limit
