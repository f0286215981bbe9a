-- How many records of a chunk are new by unit, where no interval is looked at closely. Reads the whole of a chunk.
select unit_id, count(*) as new, 0 as changed, 0 as unchanged
from (select n.no, min(b.unit_id) as unit_id from block b cross join lateral unnest(b.row_nos) n (no) where b.is_plain group by n.no) r
group by unit_id order by unit_id
