-- Intervals far above all others of their series in the days before: of each day the highest, against the highest of `before_days`, if enough of these were
-- read. What is estimated counts on neither side. Of most days the first one before it says enough; `offset 0` has the days that changed looked up by the
-- index. Served by pk_reading_series and pk_interval_day.
insert into finding_now (account_id, kind, meter_no, channel, first_day, last_day, found, expected)
select d.account_id, 'spike', d.meter_no, d.channel, d.day, d.day, d.most, b.usual
from (
  select s.account_id, s.id as series_id, s.meter_no, s.channel, i.day, e.most
  from unnest(cast(:accounts as bigint[]), cast(:firsts as date[]), cast(:lasts as date[])) j (account_id, first_day, last_day)
  join reading_series s on s.account_id = j.account_id
  cross join lateral (
    select day, energies, qualities from interval_day
    where account_id = s.account_id and series_id = s.id and day between j.first_day and j.last_day + cast(:before_days as integer)
      and day between cast(:since as date) and cast(:last as date) offset 0) i
  cross join lateral (
    select max(v.energy) as most from unnest(i.energies, string_to_array(i.qualities, null)) v (energy, quality) where v.quality in ('a', 's')) e
  where e.most >= cast(:least_kw as bigint) * s.interval_minutes * 1000000 / 60
) d
left join lateral (
  select true as is_usual from interval_day p
  where p.account_id = d.account_id and p.series_id = d.series_id and p.day between d.day - cast(:before_days as integer) and d.day - 1
    and p.day between cast(:since as date) - cast(:before_days as integer) and cast(:last as date)
    and exists (
      select from unnest(p.energies, string_to_array(p.qualities, null)) v (energy, quality)
      where v.quality in ('a', 's') and v.energy * cast(:times as integer) >= d.most)
  limit 1
) u on true
cross join lateral (
  select max(e.most) as usual, count(e.most) as days
  from interval_day p
  cross join lateral (
    select max(v.energy) as most from unnest(p.energies, string_to_array(p.qualities, null)) v (energy, quality) where v.quality in ('a', 's')) e
  where u.is_usual is null
    and p.account_id = d.account_id and p.series_id = d.series_id and p.day between d.day - cast(:before_days as integer) and d.day - 1
    and p.day between cast(:since as date) - cast(:before_days as integer) and cast(:last as date)
) b
where u.is_usual is null and b.days >= :least_days
