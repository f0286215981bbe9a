-- Of each interval the row that says most: the best quality, and of these the last; beside what is known. It is taken where nothing is known, where it
-- is better, and where it is as good and says something else. Reads the whole of a chunk.
create temporary table judged_interval on commit drop as
select j.*, j.rank > j.known_rank or j.rank = j.known_rank and j.energy is distinct from j.known_energy as is_taken
from (
  select f.seq, f.row_no, f.element, f.energy, f.quality, f.rank, d.account_id, d.unit_id, d.series_id, d.day,
    d.known_energies[f.element + 1] as known_energy, coalesce(strpos('mesa', substr(d.known_qualities, f.element + 1, 1)), 0) as known_rank
  from (
    select distinct on (account_id, meter_no, channel, minutes, day, minute)
      seq, row_no, account_id, meter_no, channel, minutes, day, (minute / minutes)::int as element, energy, quality, rank
    from typed_interval
    where seq not in (select seq from held_interval)
    order by account_id, meter_no, channel, minutes, day, minute, rank desc, seq desc
  ) f
  join chunk_day d on d.account_id = f.account_id and d.meter_no = f.meter_no and d.channel = f.channel and d.minutes = f.minutes and d.day = f.day
) j
