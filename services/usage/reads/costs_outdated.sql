-- Drop what parts cost whose first day lies where entitlements of their account are otherwise now: they are those of that day.
-- Served by pk_usage_month and pk_usage_cost.
delete from usage_cost c
using unnest(cast(:account_ids as bigint[]), cast(:since as date[]), cast(:until as date[])) e (account_id, since, until)
join usage_month m on m.account_id = e.account_id and m.first_day >= e.since and (e.until is null or m.first_day < e.until)
where c.account_id = m.account_id and c.month = m.month and c.part = m.part
