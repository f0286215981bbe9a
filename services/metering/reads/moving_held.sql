-- What waits because a meter was at no account, where it was at one by now; of days of intervals with what they were. Served by uq_meter_present, ix_meter_former,
-- uq_reading_quarantine_said, uq_reading_series_channel and pk_interval_day_revision.
select q.account_id, q.id, q.kind, q.channel, q.start_at, q.energy, q.quality, v.interval_minutes as minutes, v.energies, v.qualities, v.estimated
from (
  select account_id from meter where meter_no = :meter_no and removed_on is null
  union
  select account_id from meter where meter_no = :meter_no and removed_on is not null
) a
join reading_quarantine q on q.account_id = a.account_id and q.meter_no = :meter_no and q.reason = 'strayed' and q.state = 'open'
cross join lateral (select (q.start_at at time zone :zone)::date as day) d
cross join lateral (
  select case when count(distinct m.account_id) filter (where m.is_then) <= 1
      then coalesce(min(m.account_id) filter (where m.is_then), min(m.account_id) filter (where m.removed_on = d.day)) end as owner_id
  from (
    select p.account_id, p.removed_on, coalesce(p.installed_on <= d.day, true) as is_then, coalesce(p.installed_on < d.day, true) as was_before
    from meter p where p.meter_no = :meter_no and p.removed_on is null
    union all
    select f.account_id, f.removed_on, coalesce(f.installed_on <= d.day, true) and f.removed_on > d.day, coalesce(f.installed_on < d.day, true)
    from meter f where f.meter_no = :meter_no and f.removed_on is not null
  ) m
) o
left join lateral (
  select s.interval_minutes, v.energies, v.qualities, array(
    select n from interval_estimate e cross join lateral generate_series(e.first, e.first + e.elements - 1) n
    where e.account_id = v.account_id and e.series_id = v.series_id and e.day = v.day and substr(v.qualities, n + 1, 1) = 'e') as estimated
  from reading_series s
  join interval_day_revision v on v.account_id = s.account_id and v.series_id = s.id and v.day = d.day and v.replaced_why = 'moved'
  where q.kind = 'interval' and s.account_id = q.account_id and s.meter_no = :meter_no and s.channel = q.channel
    and q.energy = (select coalesce(sum(n), 0) from unnest(v.energies) n)
  order by v.id desc limit 1
) v on true
where o.owner_id is not null and (q.kind = 'register' or v.energies is not null)
order by q.start_at, q.account_id, q.id
limit :most
