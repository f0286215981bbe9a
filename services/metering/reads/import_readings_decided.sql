-- What staff decided about intervals of a chunk's days: accepted, or not believed. Served by uq_reading_quarantine_said.
create temporary table decided_interval on commit drop as
select d.account_id, d.series_id, d.meter_no, d.channel, d.minutes, d.day, (extract(epoch from q.start_at - d.begins) / 60 / d.minutes)::int as element, q.energy,
  q.state = 'accepted' as is_accepted
from chunk_day d
join reading_quarantine q on q.account_id = d.account_id and q.meter_no = d.meter_no and q.channel = d.channel and q.start_at >= d.begins and q.start_at < d.ends
  and q.kind = 'interval' and q.minutes = d.minutes
where q.state <> 'open'
