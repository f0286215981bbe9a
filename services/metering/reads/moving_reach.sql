-- From when until when series that days were taken from have readings. Served by pk_reading_series and pk_interval_day: reads what is left of each.
update reading_series r set first_day = c.first_day, last_day = c.last_day, read_until = c.read_until
from (
  select s.account_id, s.id, min(i.day) as first_day, max(i.day) as last_day,
    max(((i.day::timestamp - interval '1 second') at time zone :zone) + make_interval(secs => 1, mins => s.interval_minutes * length(rtrim(i.qualities, 'm'))))
      filter (where rtrim(i.qualities, 'm') <> '') as read_until
  from (select distinct account_id, series_id from merged_day) m
  join reading_series s on s.account_id = m.account_id and s.id = m.series_id
  left join interval_day i on i.account_id = s.account_id and i.series_id = s.id
  group by s.account_id, s.id
) c
where r.account_id = c.account_id and r.id = c.id
