-- Of each interval the row that says most: the best quality, and of these the last; beside what is known. It is taken where nothing is known, where it
-- is better, and where it is as good and says something else; but not where staff accepted what is known, nor from a file that was imported before what
-- was replaced since. Reads the whole of a chunk; served by pk_interval_day_revision.
create temporary table judged_interval on commit drop as
select j.*, not j.is_accepted and (j.rank > j.known_rank or j.rank = j.known_rank and j.energy is distinct from j.known_energy
    and not (:is_repeat and exists (
      select from interval_day_revision v
      where v.account_id = j.account_id and v.series_id = j.series_id and v.day = j.day and v.energies[j.element + 1] = j.energy))) as is_taken
from (
  select f.seq, f.row_no, f.element, f.energy, f.quality, f.rank, d.account_id, d.unit_id, d.series_id, d.day,
    d.known_energies[f.element + 1] as known_energy, coalesce(strpos('mesa', substr(d.known_qualities, f.element + 1, 1)), 0) as known_rank,
    q.element is not null as is_accepted
  from (
    select distinct on (account_id, meter_no, channel, minutes, day, minute)
      seq, row_no, account_id, meter_no, channel, minutes, day, (minute / minutes)::int as element, energy, quality, rank
    from typed_interval
    where seq not in (select seq from held_interval) and seq not in (select seq from settled_interval)
    order by account_id, meter_no, channel, minutes, day, minute, rank desc, seq desc
  ) f
  join chunk_day d on d.account_id = f.account_id and d.meter_no = f.meter_no and d.channel = f.channel and d.minutes = f.minutes and d.day = f.day
  left join decided_interval q on q.account_id = d.account_id and q.series_id = d.series_id and q.day = d.day and q.element = f.element
    and q.is_accepted and q.energy = d.known_energies[f.element + 1]
) j
