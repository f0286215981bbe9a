-- Days of unpacked blocks that change, as they are to be. Reads the whole of a chunk.
insert into merged_day
select d.account_id, d.series_id, d.day, d.known_qualities is null as is_new,
  array_agg(case when j.is_taken then j.energy else d.known_energies[g.element + 1] end order by g.element) as energies,
  string_agg(case when j.is_taken then j.quality else coalesce(substr(d.known_qualities, g.element + 1, 1), 'm') end, '' order by g.element) as qualities
from chunk_day d
join (select distinct account_id, series_id, day from judged_interval where is_taken) c
  on c.account_id = d.account_id and c.series_id = d.series_id and c.day = d.day
cross join lateral generate_series(0, d.elements - 1) g (element)
left join judged_interval j on j.account_id = d.account_id and j.series_id = d.series_id and j.day = d.day and j.element = g.element
group by d.account_id, d.series_id, d.day, d.known_qualities
