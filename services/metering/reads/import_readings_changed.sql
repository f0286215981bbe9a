-- Exactly the days that changed, by month; and where registers of the same meter were read around them, the days between these readings that have no interval: what intervals
-- measured is not theirs. Served by pk_reading_series, uq_meter_register_kind, uq_register_reading_read_at, uq_reading_series_channel and pk_interval_day.
insert into usage_change (account_id, month, days)
select account_id, date_trunc('month', day::timestamp)::date as month, bit_or(1 << (extract(day from day)::integer - 1))
from (
  select account_id, day from merged_day
  union all
  select c.account_id, g.at::date
  from (
    select s.account_id, s.meter_no, split_part(s.channel, '_', 1) as quantity, r.id as register_id, min(m.day) as first_day, max(m.day) as last_day
    from merged_day m
    join reading_series s on s.account_id = m.account_id and s.id = m.series_id
    join meter_register r on r.account_id = s.account_id and r.meter_no = s.meter_no
      and case when r.kind in ('export', 'reactive') then r.kind else 'import' end = split_part(s.channel, '_', 1)
    group by s.account_id, s.meter_no, split_part(s.channel, '_', 1), r.id
  ) c
  cross join lateral (
    select (select max(x.read_at) from register_reading x
        where x.account_id = c.account_id and x.register_id = c.register_id and x.superseded_at is null and x.read_at <= ((c.first_day::timestamp - interval '1 second') at time zone :zone) + interval '1 second') as first_at,
      (select min(x.read_at) from register_reading x
        where x.account_id = c.account_id and x.register_id = c.register_id and x.superseded_at is null
          and x.read_at >= (((c.last_day + 1)::timestamp - interval '1 second') at time zone :zone) + interval '1 second') as last_at
  ) b
  cross join lateral generate_series(coalesce((b.first_at at time zone :zone)::date, c.first_day)::timestamp,
    coalesce(((b.last_at - interval '1 microsecond') at time zone :zone)::date, c.last_day)::timestamp, interval '1 day') g (at)
  where (b.first_at is not null or b.last_at is not null) and not exists (
    select from reading_series s join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = g.at::date
    where s.account_id = c.account_id and s.meter_no = c.meter_no and split_part(s.channel, '_', 1) = c.quantity and rtrim(i.qualities, 'm') <> '')
) d
group by 1, 2 order by 1, 2
