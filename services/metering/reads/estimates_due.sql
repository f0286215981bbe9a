-- Days of series of which something is missing, as far as the meter was there all day: what an exchange leaves open is no gap. Each meter by itself: what another one of the account
-- measured fills nothing. A day that a meter has in other intervals is none that it misses; one that is read in other intervals since then misses a whole day in these alone.
-- `offset 0` has each day looked up by itself. Served by pk_reading_series, uq_meter_present, ix_meter_former and pk_interval_day.
select s.account_id, s.id as series_id, s.interval_minutes, g.day::date as day
from unnest(cast(:accounts as bigint[]), cast(:firsts as date[]), cast(:lasts as date[])) a (account_id, first_day, last_day)
join reading_series s on s.account_id = a.account_id
cross join lateral generate_series(greatest(s.first_day, a.first_day)::timestamp, a.last_day::timestamp, interval '1 day') g (day)
left join lateral (
  select day, qualities from interval_day
  where account_id = s.account_id and series_id = s.id and day = g.day::date and day between cast(:first as date) and cast(:last as date) offset 0) i on true
where (i.day is null or strpos(i.qualities, 'm') > 0)
  and (exists (
      select from meter m where m.meter_no = s.meter_no and m.account_id = s.account_id and m.removed_on is null
        and coalesce(m.installed_on < g.day::date, true))
    or exists (
      select from meter m where m.meter_no = s.meter_no and m.account_id = s.account_id and m.removed_on is not null
        and m.removed_on > g.day::date and coalesce(m.installed_on < g.day::date, true)))
  and not exists (
    select from reading_series o join interval_day d on d.account_id = o.account_id and d.series_id = o.id and d.day = g.day::date
    where o.account_id = s.account_id and o.meter_no = s.meter_no and o.channel = s.channel and o.id <> s.id
      and d.day between cast(:first as date) and cast(:last as date))
  and (i.day is not null or not exists (
    select from reading_series n
    where n.account_id = s.account_id and n.meter_no = s.meter_no and n.channel = s.channel and (n.first_day, n.id) > (s.first_day, s.id)
      and n.first_day <= g.day::date))
order by s.account_id, g.day, s.id
