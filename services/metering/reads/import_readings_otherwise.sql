-- Whether a day of a chunk has come in intervals of another length since the chunk looked: the day would count twice. Served by
-- uq_reading_series_channel and pk_interval_day.
select exists (
  select from chunk_day d
  join reading_series o on o.account_id = d.account_id and o.meter_no = d.meter_no and o.channel = d.channel and o.interval_minutes <> d.minutes
  join interval_day i on i.account_id = o.account_id and i.series_id = o.id and i.day = d.day)
