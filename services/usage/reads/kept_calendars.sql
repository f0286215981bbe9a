-- The days of one month of the versions that the use of some accounts lies on, by the names of their periods, to be compared with another calendar.
-- Served by pk_usage_month, pk_tariff_version and pk_tariff_day.
select v.id as version_id, v.periods as names, t.day, t.periods
from (
  select distinct m.version_id from usage_month m where m.account_id = any(cast(:account_ids as bigint[])) and m.month = cast(:month as date)) m
join tariff_version v on v.id = m.version_id
join tariff_day t on t.version_id = v.id and t.day >= cast(:month as date) and t.day < (cast(:month as date) + interval '1 month')::date
