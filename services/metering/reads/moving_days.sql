-- Days of a meter's intervals at accounts at which it was not, with the account at which it was, if it was at one, and with the elements (from 0) that were estimated here.
-- Served by uq_meter_present, ix_meter_former, uq_reading_series_channel, pk_interval_day and pk_interval_estimate.
select i.account_id, i.series_id, s.channel, s.interval_minutes as minutes, i.day, i.energies, i.qualities, o.owner_id,
  ((i.day::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as begins,
  array(
    select n from interval_estimate e cross join lateral generate_series(e.first, e.first + e.elements - 1) n
    where e.account_id = i.account_id and e.series_id = i.series_id and e.day = i.day and substr(i.qualities, n + 1, 1) = 'e') as estimated
from (
  select account_id from meter where meter_no = :meter_no and removed_on is null
  union
  select account_id from meter where meter_no = :meter_no and removed_on is not null
) a
join reading_series s on s.account_id = a.account_id and s.meter_no = :meter_no
join interval_day i on i.account_id = s.account_id and i.series_id = s.id
cross join lateral (
  select case when count(distinct m.account_id) filter (where m.is_then) <= 1
      then coalesce(min(m.account_id) filter (where m.is_then), min(m.account_id) filter (where m.removed_on = i.day)) end as owner_id
  from (
    select p.account_id, p.removed_on, coalesce(p.installed_on <= i.day, true) as is_then, coalesce(p.installed_on < i.day, true) as was_before
    from meter p where p.meter_no = :meter_no and p.removed_on is null
    union all
    select f.account_id, f.removed_on, coalesce(f.installed_on <= i.day, true) and f.removed_on > i.day, coalesce(f.installed_on < i.day, true)
    from meter f where f.meter_no = :meter_no and f.removed_on is not null
  ) m
) o
where not exists (
    select from meter t
    where t.meter_no = :meter_no and t.account_id = i.account_id and coalesce(t.installed_on <= i.day, true) and coalesce(t.removed_on > i.day, true))
  and o.owner_id is distinct from i.account_id
order by i.day, i.account_id, i.series_id
limit :most
