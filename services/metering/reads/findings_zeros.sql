-- Meters of living accounts that are there and take nothing for many days, and took something before. A day of which something is missing is none of
-- them. Of a meter that takes something one day is read. Served by pk_reading_series, uq_meter_present, pk_account and pk_interval_day.
insert into finding_now (account_id, kind, meter_no, channel, first_day, last_day, found, expected)
select u.account_id, 'zeros', u.meter_no, 'import', z.first_day, z.last_day, 0, b.usual
from (
  select s.account_id, s.meter_no, array_agg(s.id) as series, max(l.day) as last_used
  from unnest(cast(:accounts as bigint[])) j (account_id)
  join account a on a.id = j.account_id and a.state <> 'closed'
  join reading_series s on s.account_id = j.account_id and s.channel = 'import'
  join meter m on m.meter_no = s.meter_no and m.account_id = s.account_id and m.removed_on is null
  left join lateral (
    select i.day from interval_day i
    where i.account_id = s.account_id and i.series_id = s.id and i.day between cast(:since as date) and cast(:last as date)
      and exists (select from unnest(i.energies) v where v > 0)
    order by i.day desc limit 1
  ) l on true
  group by s.account_id, s.meter_no
) u
cross join lateral (
  select min(i.day) as first_day, max(i.day) as last_day, count(*) as days
  from interval_day i
  where i.account_id = u.account_id and i.series_id = any(u.series) and i.day > u.last_used
    and i.day between cast(:since as date) and cast(:last as date)
    and strpos(i.qualities, 'm') = 0 and (select sum(v) from unnest(i.energies) v) = 0
) z
cross join lateral (
  select (avg(e.energy))::bigint as usual
  from interval_day i
  cross join lateral (select sum(v) as energy from unnest(i.energies) v) e
  where z.days >= :zero_days and i.account_id = u.account_id and i.series_id = any(u.series) and i.day between cast(:since as date) and u.last_used
) b
where z.days >= :zero_days and b.usual >= :least_usual
