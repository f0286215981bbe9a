-- Plain blocks of days of which something is known by now, or was in doubt. Their series are locked. Served by uq_reading_series_channel, pk_interval_day
-- and uq_reading_quarantine_said.
update block b set is_plain = false
where b.is_plain and (
  exists (
    select from reading_series r join interval_day i on i.account_id = r.account_id and i.series_id = r.id and i.day = b.day
    where r.account_id = b.account_id and r.meter_no = b.meter_no and r.channel = b.channel and r.interval_minutes = b.minutes)
  or exists (
    select from reading_quarantine q
    where q.account_id = b.account_id and q.meter_no = b.meter_no and q.channel = b.channel and q.start_at >= b.begins and q.start_at < b.ends))
