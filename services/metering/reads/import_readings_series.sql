-- Series of a chunk that are not there yet; two that come to one account at one moment wait for each other, and the later asks again.
-- Served by uq_reading_series_channel.
insert into reading_series (account_id, id, meter_no, channel, interval_minutes)
select n.account_id, coalesce((select max(r.id) from reading_series r where r.account_id = n.account_id), 0)
  + row_number() over (partition by n.account_id order by n.meter_no, n.channel, n.minutes), n.meter_no, n.channel, n.minutes
from chunk_series n
where not exists (
  select from reading_series r where r.account_id = n.account_id and r.meter_no = n.meter_no and r.channel = n.channel and r.interval_minutes = n.minutes)
on conflict do nothing
