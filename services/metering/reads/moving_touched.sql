-- Say that the days on which a meter came or went are to be summed up anew, and what its registers counted around them, at accounts that have something of it.
-- Served by uq_meter_present, ix_meter_former, uq_reading_series_channel, uq_meter_register_kind and uq_register_reading_read_at.
insert into usage_change (account_id, month)
select distinct x.account_id, g.at::date
from (
  select t.account_id, d.day, ((d.day::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as begins,
    (((d.day + 1)::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as ends
  from (
    select account_id, installed_on, removed_on from meter where meter_no = :meter_no and removed_on is null
    union all
    select account_id, installed_on, removed_on from meter where meter_no = :meter_no and removed_on is not null
  ) t
  cross join lateral (values (t.installed_on), (t.removed_on)) d (day)
  where d.day is not null
) x
left join meter_register r on r.account_id = x.account_id and r.meter_no = :meter_no
cross join lateral (
  select coalesce((
      select max(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at < x.begins), x.begins) as first_at,
    coalesce((
      select min(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at >= x.ends), x.begins) as last_at) b
cross join lateral generate_series(date_trunc('month', b.first_at at time zone :zone), date_trunc('month', b.last_at at time zone :zone), interval '1 month') g (at)
where r.id is not null or exists (select from reading_series s where s.account_id = x.account_id and s.meter_no = :meter_no)
order by 1, 2
