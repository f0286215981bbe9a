-- What the meters of one account measured on a day, with the period of each quarter-hour of the version that held.
-- Served by pk_reading_series, pk_interval_day, pk_usage_day, pk_tariff_day and pk_tariff_version.
select s.channel, s.interval_minutes as minutes, i.energies, i.qualities, t.periods as calendar, v.periods
from reading_series s
join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = cast(:day as date)
left join usage_day u on u.account_id = s.account_id and u.day = i.day
left join tariff_version v on v.id = u.version_id
left join tariff_day t on t.version_id = v.id and t.day = i.day
where s.account_id = :account_id and s.channel in ('import', 'export')
order by s.id
