-- Intervals of blocks that are not plain, with their account, day and element; once each. Reads the whole of a chunk.
with unpacked as (update block set is_unpacked = true where not is_plain and not is_unpacked returning *)
insert into typed_interval
select (b.block::bigint << 16) + u.place, u.row_no, b.meter_no, b.channel, b.start + make_interval(mins => b.minutes * (u.place - 1)::int), b.minutes, u.energy, u.quality,
  strpos('mesa', u.quality), b.is_known, b.accounts, b.account_id, b.unit_id, b.class, b.day, b.begins, b.ends, b.day_minutes, b.minute + b.minutes * (u.place - 1)
from unpacked b
cross join lateral unnest(b.row_nos, b.energies, string_to_array(b.qualities, null)) with ordinality u (row_no, energy, quality, place)
