-- Where the meters of staged blocks were on their days, and in which intervals they are read there already. On the day on which a meter leaves an
-- account it is still that one's, unless it came to another. Served by uq_meter_present, ix_meter_former, pk_account, uq_reading_series_channel and
-- pk_interval_day.
-- A day begins behind the last second of the day before: where the clock shows midnight twice, midnight itself is taken for the later one.
create temporary table met on commit drop as
select k.meter_no, k.channel, k.day, k.begins, k.ends, k.first_minutes, k.blocks, w.is_known, w.accounts, w.account_id, a.unit_id, a.class, r.known_minutes
from (
  select meter_no, channel, day, ((day::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as begins,
    (((day + 1)::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as ends,
    (array_agg(minutes order by block))[1] as first_minutes, count(*) as blocks
  from (select *, (start at time zone :zone)::date as day from staged_block) s
  group by meter_no, channel, day
) k
cross join lateral (
  select count(*) > 0 as is_known, count(distinct m.account_id) filter (where m.is_then) as accounts,
    coalesce(min(m.account_id) filter (where m.is_then), min(m.account_id) filter (where m.removed_on = k.day)) as account_id
  from (
    select p.account_id, p.removed_on, coalesce(p.installed_on <= k.day, true) as is_then
    from meter p where p.meter_no = k.meter_no and p.removed_on is null
    union all
    select f.account_id, f.removed_on, coalesce(f.installed_on <= k.day, true) and f.removed_on > k.day
    from meter f where f.meter_no = k.meter_no and f.removed_on is not null
  ) m
) w
left join account a on a.id = w.account_id
left join lateral (
  select c.interval_minutes as known_minutes
  from reading_series c join interval_day i on i.account_id = c.account_id and i.series_id = c.id and i.day = k.day
  where c.account_id = w.account_id and c.meter_no = k.meter_no and c.channel = k.channel
  limit 1
) r on true
