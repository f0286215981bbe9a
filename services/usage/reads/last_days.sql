-- The last days before one of which something is known, the latest first; of the present holder alone. Served by pk_usage_day from its end.
select u.day, u.energy, u.missing_minutes > 0 as is_partial, u.estimated_minutes > 0 as is_estimated
from usage_day u
where u.account_id = :account_id and u.day < :before and u.day >= coalesce(cast(:since as date), '-infinity') and u.measured_minutes > 0
order by u.day desc
limit :most
