-- Blocks are looked at closely, too, that hold a part of a record in which something may be wrong: it is refused as a whole. Reads the whole of a chunk.
with wrong as materialized (select distinct no from block, unnest(row_nos) n (no) where not is_sound)
update block b set is_plain = false
where b.is_plain and b.block in (select o.block from block o, unnest(o.row_nos) n (no) where o.is_plain and n.no in (select no from wrong))
