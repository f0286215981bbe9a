-- From when until when changed series have readings. Served by pk_reading_series.
update reading_series r
set first_day = least(r.first_day, c.first_day), last_day = greatest(r.last_day, c.last_day), read_until = greatest(r.read_until, c.read_until)
from (
  select m.account_id, m.series_id, min(m.day) as first_day, max(m.day) as last_day,
    max(((m.day::timestamp - interval '1 second') at time zone :zone) + make_interval(secs => 1, mins => s.interval_minutes * length(rtrim(m.qualities, 'm')))) filter (where rtrim(m.qualities, 'm') <> '') as read_until
  from merged_day m join reading_series s on s.account_id = m.account_id and s.id = m.series_id
  group by m.account_id, m.series_id
) c
where r.account_id = c.account_id and r.id = c.series_id
  and (r.first_day is null or c.first_day < r.first_day or c.last_day > r.last_day or c.read_until is distinct from r.read_until)
