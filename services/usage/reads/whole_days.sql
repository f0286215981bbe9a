-- Days of one account of which nothing is missing, neither of a meter nor one of several whole, with what was used by the names of their periods: those that
-- usage_days.sql tells as such. Only those of the present holder.
-- Served by pk_usage_day, pk_account, pk_tariff_version, pk_meter_register, pk_reading_series, ix_meter_account_id and pk_interval_day.
select u.day, v.periods, u.energies
from account a
cross join lateral (
  select count(distinct s.meter_no) > 1 as has_meters from reading_series s where s.account_id = a.id and s.channel = 'import') g
join usage_day u on u.account_id = a.id and u.day >= cast(:first as date) and u.day < cast(:end as date)
  and (a.holder_since is null or u.day >= a.holder_since)
left join tariff_version v on v.id = u.version_id
where a.id = :account_id and u.measured_minutes > 0 and u.missing_minutes = 0
  and not (g.has_meters and exists (
    select from reading_series s join meter m on m.account_id = s.account_id and m.meter_no = s.meter_no
    where s.account_id = u.account_id and s.channel = 'import' and s.first_day <= u.day
      and coalesce(m.installed_on < u.day, true) and coalesce(m.removed_on > u.day, true)
      and not exists (
        select from meter_register r
        where r.account_id = s.account_id and r.meter_no = s.meter_no and r.kind not in ('export', 'reactive'))
      and not exists (
        select from reading_series o join interval_day i on i.account_id = o.account_id and i.series_id = o.id and i.day = u.day
        where o.account_id = s.account_id and o.meter_no = s.meter_no and o.channel = 'import')))
order by u.day
