-- Days of one account with the names of their periods, whether registers have a part in what was taken, and whether one of several meters has nothing of a
-- day that it was there for and another has; only those of the present holder.
-- Served by pk_usage_day, pk_account, pk_tariff_version, pk_meter_register, pk_reading_series, ix_meter_account_id and pk_interval_day.
select u.day, u.version_id, v.tariff_code, v.version_no, v.periods, u.energies, u.energy, u.export_energy, u.reactive_energy, u.max_demand, u.demands,
  u.measured_minutes, u.missing_minutes, u.estimated_minutes,
  case when not g.has_registers then false
    when not exists (
      select from reading_series s join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = u.day
      where s.account_id = a.id and s.channel = 'import' and rtrim(i.qualities, 'm') <> '') then u.measured_minutes > 0 or not exists (
        select from reading_series s join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = u.day where s.account_id = a.id)
    when not exists (
      select from meter_register r
      where r.account_id = a.id and r.kind not in ('export', 'reactive') and not exists (
        select from reading_series s join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = u.day
        where s.account_id = a.id and s.meter_no = r.meter_no and s.channel = 'import' and rtrim(i.qualities, 'm') <> '')) then false
    else u.energy > (
      select coalesce(sum(n), 0)
      from reading_series s join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = u.day
      cross join lateral unnest(i.energies) n
      where s.account_id = a.id and s.channel = 'import') end as is_of_registers,
  g.has_meters and exists (
      select from reading_series s join meter m on m.account_id = s.account_id and m.meter_no = s.meter_no
      where s.account_id = u.account_id and s.channel = 'import' and s.first_day <= u.day
        and coalesce(m.installed_on < u.day, true) and coalesce(m.removed_on > u.day, true)
        and not exists (
          select from meter_register r
          where r.account_id = s.account_id and r.meter_no = s.meter_no and r.kind not in ('export', 'reactive'))
        and not exists (
          select from reading_series o join interval_day i on i.account_id = o.account_id and i.series_id = o.id and i.day = u.day
          where o.account_id = s.account_id and o.meter_no = s.meter_no and o.channel = 'import')) as lacks_meter
from account a
cross join lateral (select exists (select from meter_register r where r.account_id = a.id) as has_registers,
    (select count(distinct s.meter_no) > 1 from reading_series s where s.account_id = a.id and s.channel = 'import') as has_meters) g
join usage_day u on u.account_id = a.id and u.day >= cast(:first as date) and u.day < cast(:end as date)
  and (a.holder_since is null or u.day >= a.holder_since)
left join tariff_version v on v.id = u.version_id
where a.id = :account_id
order by u.day
