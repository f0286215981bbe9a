-- What came of a chunk's records by unit, where no interval is looked at closely. Reads the whole of a chunk.
select unit_id, count(*) filter (where is_new) as new, 0 as changed, count(*) filter (where not is_new) as unchanged
from (
  select n.no, min(b.unit_id) as unit_id, bool_or(b.is_plain) as is_new
  from block b cross join lateral unnest(b.row_nos) n (no) where b.is_plain or b.is_same
  group by n.no
) r
group by unit_id order by unit_id
