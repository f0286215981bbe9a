-- What came of a chunk's records by unit; those of which something waits or was refused are not among them. Reads the whole of a chunk.
select unit_id, count(*) filter (where is_new) as new, count(*) filter (where not is_new and is_changed) as changed,
  count(*) filter (where not is_new and not is_changed) as unchanged
from (
  select row_no, min(unit_id) as unit_id, bool_or(is_new) as is_new, bool_or(is_changed) as is_changed
  from (
    select t.row_no, t.unit_id, coalesce(j.is_taken and j.known_rank <= 1, false) as is_new, coalesce(j.is_taken, false) as is_changed
    from typed_interval t left join judged_interval j on j.seq = t.seq
    union all
    select n.no, b.unit_id, b.is_plain, b.is_plain from block b cross join lateral unnest(b.row_nos) n (no) where b.is_plain or b.is_same
  ) e
  where row_no not in (select unnest(cast(:refused as bigint[])))
    and row_no not in (select h.row_no from typed_interval h join held_interval q on q.seq = h.seq)
  group by row_no
) r
group by unit_id order by unit_id
