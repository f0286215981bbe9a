-- An account's intervals of one channel, by day. Served by pk_reading_series and pk_interval_day: a period touches the partitions of its months.
select d.day, s.interval_minutes, d.energies, d.qualities
from reading_series s join interval_day d on d.account_id = s.account_id and d.series_id = s.id
where s.account_id = :account_id and s.channel = :channel and d.account_id = :account_id and d.day >= :first and d.day < :end
order by d.day, s.id
