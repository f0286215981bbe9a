-- Whether a series of a chunk is not there: another of its account took the number that it would have had. Served by uq_reading_series_channel.
select exists (
  select from chunk_series n
  where not exists (
    select from reading_series r where r.account_id = n.account_id and r.meter_no = n.meter_no and r.channel = n.channel and r.interval_minutes = n.minutes))
