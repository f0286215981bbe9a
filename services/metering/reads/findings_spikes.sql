-- Intervals far above all others of their series in the days before: of each day the highest, against the highest of `before_days`, if enough of these were
-- read. What is estimated counts on neither side. Served by pk_reading_series and pk_interval_day.
insert into finding_now (account_id, kind, meter_no, channel, first_day, last_day, found, expected)
select account_id, 'spike', meter_no, channel, day, day, most, usual
from (
  select s.account_id, s.meter_no, s.channel, s.interval_minutes, i.day, e.most, max(e.most) over earlier as usual, count(*) over earlier as days
  from reading_series s
  join interval_day i on i.account_id = s.account_id and i.series_id = s.id
  cross join lateral (
    select max(v.energy) as most from unnest(i.energies, string_to_array(i.qualities, null)) v (energy, quality) where v.quality in ('a', 's')) e
  where s.account_id between :first_account and :last_account and i.day between cast(:since as date) and cast(:last as date) and e.most is not null
  window earlier as (partition by s.account_id, s.id order by i.day range between cast(:before_days as integer) * interval '1 day' preceding and interval '1 day' preceding)
) d
where days >= :least_days and most > usual * cast(:times as integer) and most >= cast(:least_kw as bigint) * interval_minutes * 1000000 / 60
