-- Plain blocks that say what is known of their day, of which nothing was in doubt. Their series are locked. Served by uq_reading_series_channel,
-- pk_interval_day and uq_reading_quarantine_said.
update block b set is_same = true, is_plain = false, is_unpacked = true
from reading_series r join interval_day i on i.account_id = r.account_id and i.series_id = r.id
where b.is_plain and r.account_id = b.account_id and r.meter_no = b.meter_no and r.channel = b.channel and r.interval_minutes = b.minutes and i.day = b.day
  and i.energies[(b.minute / b.minutes)::int + 1:(b.minute / b.minutes)::int + length(b.qualities)] = b.energies
  and substr(i.qualities, (b.minute / b.minutes)::int + 1, length(b.qualities)) = b.qualities
  and not exists (
    select from reading_quarantine q
    where q.account_id = b.account_id and q.meter_no = b.meter_no and q.channel = b.channel and q.start_at >= b.begins and q.start_at < b.ends)
