-- Days of one account on which a meter missed something, as its letters say. Served by pk_reading_series and pk_interval_day.
select i.day, s.interval_minutes as minutes, i.qualities
from reading_series s
join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day >= cast(:first as date) and i.day < cast(:end as date)
where s.account_id = :account_id and s.channel = 'import' and i.day = any(cast(:days as date[]))
order by i.day, s.id
