-- The days of a chunk with what is known of them. Its series are locked by now: nobody else writes their days. Served by uq_reading_series_channel and
-- pk_interval_day.
create temporary table chunk_day on commit drop as
select n.account_id, n.unit_id, r.id as series_id, n.meter_no, n.channel, n.minutes, n.day, n.begins, n.ends,
  (extract(epoch from n.ends - n.begins) / 60 / n.minutes)::int as elements, i.energies as known_energies, i.qualities as known_qualities
from (select distinct account_id, unit_id, meter_no, channel, minutes, day, begins, ends from typed_interval) n
join reading_series r on r.account_id = n.account_id and r.meter_no = n.meter_no and r.channel = n.channel and r.interval_minutes = n.minutes
left join interval_day i on i.account_id = n.account_id and i.series_id = r.id and i.day = n.day
