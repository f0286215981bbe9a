-- What accounts used by registers in each month, by the names of the periods that are known of it, for the days of other versions than theirs: all of a day of which no interval says
-- what was taken, and of others what is more than all intervals come to, in no period: nobody knows in which it was.
-- `of_holder`: of the present holder alone. Served by pk_meter_register, pk_usage_day, pk_account, pk_tariff_version, pk_reading_series and pk_interval_day.
select u.account_id, date_trunc('month', u.day)::date as month, c.version_id, e.period, sum(e.energy)::bigint as energy
from (
  select a.id, a.holder_since from account a
  where a.id = any(cast(:account_ids as bigint[])) and exists (select from meter_register r where r.account_id = a.id)) a
join usage_day u on u.account_id = a.id and u.day >= cast(:first as date) and u.day < cast(:end as date)
  and (not :of_holder or a.holder_since is null or u.day >= a.holder_since)
join unnest(cast(:version_ids as bigint[]), cast(:firsts as date[]), cast(:ends as date[])) c (version_id, first_day, end_day)
  on u.day >= c.first_day and u.day < c.end_day
left join tariff_version v on v.id = u.version_id
cross join lateral (
  select sum(x.energy) as energy
  from reading_series s join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = u.day
  cross join lateral (select coalesce(sum(n), 0) as energy from unnest(i.energies) n) x
  where s.account_id = u.account_id and s.channel = 'import' and rtrim(i.qualities, 'm') <> '') i
cross join lateral (
  select n.energy, n.period from unnest(u.energies, v.periods) n (energy, period) where i.energy is null
  union all
  select u.energy - i.energy, null where i.energy is not null) e
where e.energy > 0
group by u.account_id, date_trunc('month', u.day), c.version_id, e.period
