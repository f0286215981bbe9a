-- Staged intervals with their account, day and element. Reads the whole of a chunk.
create temporary table typed_interval on commit drop as
select s.seq, s.row_no, s.meter_no, s.channel, s.start, s.minutes, s.energy, s.quality, strpos('mesa', s.quality) as rank,
  m.is_known, m.accounts, m.account_id, m.unit_id, m.class, m.day, m.begins, m.ends, coalesce(m.known_minutes, m.first_minutes) as day_minutes,
  extract(epoch from s.start - m.begins) / 60 as minute
from staged_interval s
join met m on m.meter_no = s.meter_no and m.channel = s.channel and m.day = (s.start at time zone :zone)::date
