-- Days of plain blocks, as they are to be: what stands neither in the block nor anywhere else is missing. Served by uq_reading_series_channel.
insert into merged_day
select b.account_id, r.id, b.day, true, array_fill(null::bigint, array[p.first]) || b.energies || array_fill(null::bigint, array[p.rest]),
  repeat('m', p.first) || b.qualities || repeat('m', p.rest)
from block b
join reading_series r on r.account_id = b.account_id and r.meter_no = b.meter_no and r.channel = b.channel and r.interval_minutes = b.minutes
cross join lateral (
  select (b.minute / b.minutes)::int as first, (extract(epoch from b.ends - b.begins) / 60 / b.minutes)::int - (b.minute / b.minutes)::int - length(b.qualities) as rest
) p
where b.is_plain
