-- The days of an account's series within a span, a meter and channel behind the other. Served by pk_interval_day, in the months of the span.
select s.id, s.meter_no, s.channel, s.interval_minutes, d.day, d.energies, d.qualities, d.recorded_at
from interval_day d
join reading_series s on s.account_id = d.account_id and s.id = d.series_id
where d.account_id = :account_id and d.day >= :first and d.day < :end
order by min(d.day) over (partition by s.meter_no), s.meter_no, s.id, d.day
