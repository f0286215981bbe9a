-- Days of one account with the names of their periods; only those of the present holder. Served by pk_usage_day, pk_account and pk_tariff_version.
select u.day, u.version_id, v.tariff_code, v.version_no, v.periods, u.energies, u.energy, u.export_energy, u.reactive_energy, u.max_demand,
  u.measured_minutes, u.missing_minutes, u.estimated_minutes
from account a
join usage_day u on u.account_id = a.id and u.day >= cast(:first as date) and u.day < cast(:end as date)
  and (a.holder_since is null or u.day >= a.holder_since)
left join tariff_version v on v.id = u.version_id
where a.id = :account_id
order by u.day
