-- What came of a chunk's records by unit; those of which something waits or was refused are not among them. Reads the whole of a chunk.
select unit_id, count(*) filter (where is_new) as new, count(*) filter (where not is_new and is_changed) as changed,
  count(*) filter (where not is_new and not is_changed) as unchanged
from (
  select t.row_no, min(t.unit_id) as unit_id, coalesce(bool_or(j.is_taken and j.known_rank <= 1), false) as is_new, coalesce(bool_or(j.is_taken), false) as is_changed
  from typed_interval t left join judged_interval j on j.seq = t.seq
  where t.row_no not in (select unnest(cast(:refused as bigint[])))
    and t.row_no not in (select h.row_no from typed_interval h join held_interval q on q.seq = h.seq)
  group by t.row_no
) r
group by unit_id order by unit_id
