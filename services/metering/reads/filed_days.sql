-- The days of an account's series within a span, a meter and channel behind the other; a meter is named by its first series of all, whatever the span.
-- Served by pk_interval_day, in the months of the span, and uq_reading_series_channel.
select s.id, s.meter_no, s.channel, s.interval_minutes, m.first_id, d.day, d.energies, d.qualities, d.recorded_at
from interval_day d
join reading_series s on s.account_id = d.account_id and s.id = d.series_id
join (select meter_no, min(id) as first_id from reading_series where account_id = :account_id group by meter_no) m on m.meter_no = s.meter_no
where d.account_id = :account_id and d.day >= :first and d.day < :end
order by min(d.day) over (partition by s.meter_no), s.meter_no, s.id, d.day
