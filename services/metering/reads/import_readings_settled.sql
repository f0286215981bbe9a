-- Rows that say what staff decided about: whatever they decided holds, and nothing waits. Reads the whole of a chunk.
create temporary table settled_interval on commit drop as
select distinct t.seq
from typed_interval t
join decided_interval q on q.account_id = t.account_id and q.meter_no = t.meter_no and q.channel = t.channel and q.minutes = t.minutes and q.day = t.day
  and q.element = (t.minute / t.minutes)::int and q.energy = t.energy
