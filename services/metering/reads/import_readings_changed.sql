-- Exactly the months that changed.
insert into usage_change (account_id, month)
select distinct account_id, date_trunc('month', day::timestamp)::date from merged_day order by 1, 2
