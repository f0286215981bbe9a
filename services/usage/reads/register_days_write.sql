-- Days of one month of some accounts, of each those that are asked for (bit n - 1 of `days` is day n) and of which no interval is kept, made of registers: what was used between two readings is shared out
-- evenly by time and to the millionth, as metering's `registers` does it. All of such a day is estimated. It lies in the periods of the version that
-- holds if each of them has a register of its name and no other counted anything; in one where the version has one period or none is known; otherwise
-- nobody knows in which, and the day stands on no version. Days that no two readings enclose any more go. Rows that would not change are not written.
-- Served by pk_meter_register, uq_register_reading_read_at, pk_reading_series, pk_interval_day, pk_agreement, ix_tariff_version_published,
-- pk_tariff_day and pk_usage_day.
with asked as materialized (
  select * from unnest(cast(:account_ids as bigint[]), cast(:days as integer[])) a (account_id, days)
), borders as materialized (
  select cast(:month as date)::timestamp at time zone :zone as first_at, cast(:next_month as date)::timestamp at time zone :zone as end_at
), readings as (
  select r.account_id, r.kind, r.digits, r.multiplier, x.read_at as ends, x.value, lag(x.read_at) over w as begins, lag(x.value) over w as before
  from borders m
  join meter_register r on r.account_id = any(cast(:account_ids as bigint[]))
  join register_reading x on x.account_id = r.account_id and x.register_id = r.id and x.superseded_at is null
  where x.read_at >= coalesce((
      select max(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at <= m.first_at), m.first_at)
    and x.read_at <= coalesce((
      select min(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at >= m.end_at), m.end_at)
  window w as (partition by r.account_id, r.id order by x.read_at)
), spans as (
  select c.account_id, c.kind, c.begins, c.ends, round(c.went * c.multiplier) as energy, extract(epoch from c.ends - c.begins) * 1000000 as lasted
  from (
    select *, case when value >= before then value - before
      when (value + power(10::numeric, digits) * 1000000 - before) * 2 < power(10::numeric, digits) * 1000000
        then value + power(10::numeric, digits) * 1000000 - before end as went
    from readings where begins is not null) c
  where c.went is not null
), kinds as materialized (
  select account_id, day, kind, sum(energy)::bigint as energy, range_agg(time) as time
  from (
    select s.account_id, d.at::date as day, s.kind, tstzrange(t.begins, t.ends) as time,
      div(s.energy * (extract(epoch from t.ends - s.begins) * 1000000), s.lasted)
        - div(s.energy * (extract(epoch from t.begins - s.begins) * 1000000), s.lasted) as energy
    from spans s
    join asked a on a.account_id = s.account_id
    cross join lateral generate_series(greatest((s.begins at time zone :zone)::date, cast(:month as date))::timestamp,
      least((s.ends at time zone :zone)::date, cast(:next_month as date) - 1)::timestamp, interval '1 day') d (at)
    cross join lateral (
      select greatest(s.begins, d.at at time zone :zone) as begins, least(s.ends, (d.at + interval '1 day') at time zone :zone) as ends) t
    where t.begins < t.ends and a.days >> (d.at::date - cast(:month as date)) & 1 = 1) x
  where not exists (
    select from reading_series z join interval_day i on i.account_id = z.account_id and i.series_id = z.id and i.day = x.day
    where z.account_id = x.account_id)
  group by account_id, day, kind
), agreed as materialized (
  select g.account_id, v.id as version_id, v.periods, g.valid_from as since, g.id as agreement_id, greatest(g.valid_from, v.valid_from) as first_day,
    least(g.valid_to, v.valid_to) as end_day
  from agreement g
  join tariff_version v on v.tariff_code = g.tariff_code and v.state = 'published' and v.valid_from < cast(:next_month as date)
    and (v.valid_to is null or v.valid_to > cast(:month as date))
  where g.account_id in (select account_id from kinds) and g.valid_from < cast(:next_month as date)
    and (g.valid_to is null or g.valid_to > cast(:month as date))
), held as materialized (
  select distinct on (d.account_id, d.day) d.account_id, d.day, t.version_id, case when t.version_id is not null then s.periods end as periods
  from (select distinct account_id, day from kinds) d
  left join (agreed s join tariff_day t on t.version_id = s.version_id and t.day >= cast(:month as date) and t.day < cast(:next_month as date))
    on s.account_id = d.account_id and t.day = d.day and s.first_day <= d.day and (s.end_day is null or s.end_day > d.day)
  order by d.account_id, d.day, s.since desc nulls last, s.agreement_id desc nulls last
), summed as (
  select h.account_id, h.day, h.version_id, greatest(cardinality(h.periods), 1) as size, cardinality(h.periods) as named,
    array_agg(k.energy order by array_position(h.periods, k.kind)) filter (where k.kind = any(h.periods)) as energies,
    range_intersect_agg(k.time) filter (where k.kind = any(h.periods)) as time_named,
    sum(k.energy) filter (where k.kind = 'total') as total, range_intersect_agg(k.time) filter (where k.kind = 'total') as time_total,
    sum(k.energy) filter (where p.is_period) as by_period, range_intersect_agg(k.time) filter (where p.is_period) as time_by_period,
    coalesce(sum(k.energy) filter (where p.is_period and k.kind <> all(h.periods)), 0) as elsewhere,
    coalesce(sum(k.energy) filter (where k.kind = 'export'), 0) as export_energy,
    coalesce(sum(k.energy) filter (where k.kind = 'reactive'), 0) as reactive_energy
  from held h
  join kinds k on k.account_id = h.account_id and k.day = h.day
  cross join lateral (select k.kind not in ('total', 'export', 'reactive') as is_period) p
  group by h.account_id, h.day, h.version_id, h.periods
), placed as (
  select s.*, coalesce(total, by_period) is not null as is_read, s.size > 1 and cardinality(energies) = named and elsewhere = 0 as is_named
  from summed s
), days as (
  select p.account_id, p.day, case when p.is_named or p.size = 1 or not p.is_read then p.version_id end as version_id, p.is_read,
    case when p.is_named then p.energies when p.is_read then array[coalesce(p.total, p.by_period)::bigint]
      else array_fill(0::bigint, array[p.size]) end as energies,
    p.export_energy::bigint, p.reactive_energy::bigint,
    case when p.is_named then p.time_named when p.total is not null then p.time_total else p.time_by_period end as time,
    (extract(epoch from (p.day + 1)::timestamp at time zone :zone - p.day::timestamp at time zone :zone) / 60)::integer as minutes
  from placed p
), gone as (
  delete from usage_day u using asked a
  where u.account_id = a.account_id and a.days >> (u.day - cast(:month as date)) & 1 = 1
    and u.account_id in (select account_id from meter_register where account_id = any(cast(:account_ids as bigint[])))
    and u.day >= cast(:month as date) and u.day < cast(:next_month as date)
    and (u.account_id, u.day) not in (select account_id, day from days)
    and not exists (
      select from reading_series z join interval_day i on i.account_id = z.account_id and i.series_id = z.id and i.day = u.day
      where z.account_id = u.account_id)
)
insert into usage_day as u (account_id, day, version_id, energies, energy, export_energy, reactive_energy, max_demand, measured_minutes,
  missing_minutes, estimated_minutes)
select d.account_id, d.day, d.version_id, d.energies, e.energy, d.export_energy, d.reactive_energy, 0, m.read,
  case when d.is_read then d.minutes - m.read else 0 end, m.read
from days d
cross join lateral (select sum(x)::bigint as energy from unnest(d.energies) x) e
cross join lateral (
  select coalesce(floor(sum(extract(epoch from upper(t) - lower(t))) / 60), 0)::integer as read from unnest(d.time) t) m
on conflict (account_id, day) do update set version_id = excluded.version_id, energies = excluded.energies, energy = excluded.energy,
  export_energy = excluded.export_energy, reactive_energy = excluded.reactive_energy, max_demand = excluded.max_demand,
  measured_minutes = excluded.measured_minutes, missing_minutes = excluded.missing_minutes, estimated_minutes = excluded.estimated_minutes
where (u.version_id, u.energies, u.energy, u.export_energy, u.reactive_energy, u.max_demand, u.measured_minutes, u.missing_minutes,
    u.estimated_minutes)
  is distinct from (excluded.version_id, excluded.energies, excluded.energy, excluded.export_energy, excluded.reactive_energy,
    excluded.max_demand, excluded.measured_minutes, excluded.missing_minutes, excluded.estimated_minutes)
