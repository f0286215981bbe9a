-- As import_readings_otherwise.sql, of plain blocks. Served by uq_reading_series_channel and pk_interval_day.
select exists (
  select from block b
  join reading_series o on o.account_id = b.account_id and o.meter_no = b.meter_no and o.channel = b.channel and o.interval_minutes <> b.minutes
  join interval_day i on i.account_id = o.account_id and i.series_id = o.id and i.day = b.day
  where b.is_plain)
