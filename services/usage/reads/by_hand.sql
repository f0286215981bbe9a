-- Which of some accounts have registers. Served by pk_meter_register.
select distinct account_id from meter_register where account_id = any(cast(:account_ids as bigint[])) order by account_id
