-- Days of series of which something is missing, as far as the meter was there all day: what an exchange leaves open is no gap. Each meter by itself: what another one of the account
-- measured fills nothing. A day that a meter has in other intervals is none that it misses; one that is read in other intervals since then misses a whole day in these alone.
-- Served by pk_reading_series, uq_meter_present, ix_meter_former and pk_interval_day.
select s.account_id, s.id as series_id, s.interval_minutes, g.day::date as day
from reading_series s
cross join lateral generate_series(greatest(s.first_day, cast(:first as date))::timestamp, cast(:last as date)::timestamp, interval '1 day') g (day)
left join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = g.day::date
where s.account_id between :first_account and :last_account and (i.day is null or strpos(i.qualities, 'm') > 0)
  and (exists (
      select from meter m where m.meter_no = s.meter_no and m.account_id = s.account_id and m.removed_on is null
        and coalesce(m.installed_on < g.day::date, true))
    or exists (
      select from meter m where m.meter_no = s.meter_no and m.account_id = s.account_id and m.removed_on is not null
        and m.removed_on > g.day::date and coalesce(m.installed_on < g.day::date, true)))
  and not exists (
    select from reading_series o join interval_day d on d.account_id = o.account_id and d.series_id = o.id and d.day = g.day::date
    where o.account_id = s.account_id and o.meter_no = s.meter_no and o.channel = s.channel and o.id <> s.id)
  and (i.day is not null or not exists (
    select from reading_series n
    where n.account_id = s.account_id and n.meter_no = s.meter_no and n.channel = s.channel and (n.first_day, n.id) > (s.first_day, s.id)
      and n.first_day <= g.day::date))
order by s.account_id, s.id, g.day
