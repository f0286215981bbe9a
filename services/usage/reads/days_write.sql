-- Days of one month of some accounts, of each those that are asked for (bit n - 1 of `days` is day n), made of their interval readings: by the periods of the version that holds on the day (all in one
-- where none is known). An interval lies where it begins. Of several meters the loads of one moment add up; a moment is missing where a meter misses
-- it, but on the day on which meters were exchanged only where both do. Rows that would not change are not written.
-- The days of a series are fenced by `offset 0`: from the first to the last one they are read by the index, and no others.
-- Served by pk_reading_series, pk_interval_day, pk_agreement, ix_tariff_version_published, pk_tariff_day and pk_usage_day.
with readings as materialized (
  select i.account_id, i.day, s.channel, s.meter_no, s.interval_minutes as minutes, i.energies, i.qualities
  from unnest(cast(:account_ids as bigint[]), cast(:days as integer[]), cast(:firsts as date[]), cast(:lasts as date[]))
    a (account_id, days, first_day, last_day)
  join reading_series s on s.account_id = a.account_id
  cross join lateral (
    select i.account_id, i.day, i.energies, i.qualities from interval_day i
    where i.account_id = s.account_id and i.series_id = s.id and i.day >= cast(:month as date) and i.day < cast(:next_month as date)
      and i.day between a.first_day and a.last_day
    offset 0) i
  where a.days >> (i.day - cast(:month as date)) & 1 = 1
), spans as materialized (
  select g.account_id, v.id as version_id, greatest(cardinality(v.periods), 1) as size, g.valid_from as since, g.id as agreement_id,
    greatest(g.valid_from, v.valid_from) as first_day, least(g.valid_to, v.valid_to) as end_day
  from agreement g
  join tariff_version v on v.tariff_code = g.tariff_code and v.state = 'published' and v.valid_from < cast(:next_month as date)
    and (v.valid_to is null or v.valid_to > cast(:month as date))
  where g.account_id = any(cast(:account_ids as bigint[])) and g.valid_from < cast(:next_month as date)
    and (g.valid_to is null or g.valid_to > cast(:month as date))
), held as materialized (
  select distinct on (d.account_id, d.day) d.account_id, d.day, d.imports, d.coarsest, t.version_id, coalesce(s.size, 1) as size, t.periods
  from (
    select account_id, day, count(*) filter (where channel = 'import') as imports,
      max(minutes) filter (where channel = 'import') as coarsest
    from readings group by account_id, day) d
  left join (spans s join tariff_day t on t.version_id = s.version_id and t.day >= cast(:month as date) and t.day < cast(:next_month as date))
    on s.account_id = d.account_id and t.day = d.day and s.first_day <= d.day and (s.end_day is null or s.end_day > d.day)
  order by d.account_id, d.day, s.since desc nulls last, s.agreement_id desc nulls last
), elements as materialized (
  select h.account_id, h.day, r.minutes, e.energy, coalesce(h.periods[(e.k - 1) * r.minutes / 15 + 1], 1) as period
  from readings r
  join held h on h.account_id = r.account_id and h.day = r.day
  cross join lateral unnest(r.energies) with ordinality e (energy, k)
  where r.channel = 'import' and e.energy is not null
), together as materialized (
  select account_id, day, max(load) as max_demand, coarsest * count(*) filter (where is_missing) as missing,
    coarsest * count(*) filter (where is_estimated and not is_missing) as estimated, coarsest * count(*) filter (where not is_missing) as measured
  from (
    select h.account_id, h.day, h.coarsest, (e.k - 1) * r.minutes / h.coarsest as slot, sum(e.energy) * 60 / (h.coarsest * 1000) as load,
      coalesce(bool_or(e.energy is null) filter (where not x.is_changing), false)
        or coalesce(bool_and(e.energy is null) filter (where x.is_changing), false) as is_missing,
      bool_or(substr(r.qualities, e.k::integer, 1) in ('e', 's')) as is_estimated
    from readings r
    join held h on h.account_id = r.account_id and h.day = r.day and h.imports > 1
    cross join lateral (
      select exists (
        select from meter m where m.account_id = r.account_id and m.meter_no = r.meter_no and (m.installed_on = r.day or m.removed_on = r.day)
      ) as is_changing) x
    cross join lateral unnest(r.energies) with ordinality e (energy, k)
    where r.channel = 'import'
    group by h.account_id, h.day, h.coarsest, slot) s
  group by account_id, day, coarsest
), by_period as (
  select account_id, day, period, sum(energy)::bigint as energy, max(load) as load
  from (
    select account_id, day, period, energy, energy * 60 / (minutes * 1000) as load from elements
    union all
    select h.account_id, h.day, p, 0, 0 from held h cross join lateral generate_series(1, h.size) p) x
  group by account_id, day, period
), used as (
  select account_id, day, array_agg(energy order by period) as energies, sum(energy)::bigint as energy, max(load) as max_demand
  from by_period group by account_id, day
), others as (
  select r.account_id, r.day,
    coalesce(sum(x.energy) filter (where r.channel = 'export'), 0)::bigint as export_energy,
    coalesce(sum(x.energy) filter (where r.channel in ('reactive_lag', 'reactive_lead')), 0)::bigint as reactive_energy,
    coalesce(sum(r.minutes * (length(r.qualities) - length(replace(r.qualities, 'm', '')))) filter (where r.channel = 'import'), 0) as missing,
    coalesce(sum(r.minutes * (length(r.qualities) - length(translate(r.qualities, 'es', '')))) filter (where r.channel = 'import'), 0) as estimated,
    coalesce(sum(r.minutes * length(replace(r.qualities, 'm', ''))) filter (where r.channel = 'import'), 0) as measured
  from readings r
  left join lateral (select sum(energy) as energy from unnest(r.energies) energy) x on r.channel <> 'import'
  group by r.account_id, r.day
)
insert into usage_day as u (account_id, day, version_id, energies, energy, export_energy, reactive_energy, max_demand, measured_minutes,
  missing_minutes, estimated_minutes)
select h.account_id, h.day, h.version_id, e.energies, e.energy, o.export_energy, o.reactive_energy,
  coalesce(t.max_demand, e.max_demand), coalesce(t.measured, o.measured), coalesce(t.missing, o.missing), coalesce(t.estimated, o.estimated)
from held h
join used e on e.account_id = h.account_id and e.day = h.day
join others o on o.account_id = h.account_id and o.day = h.day
left join together t on t.account_id = h.account_id and t.day = h.day
on conflict (account_id, day) do update set version_id = excluded.version_id, energies = excluded.energies, energy = excluded.energy,
  export_energy = excluded.export_energy, reactive_energy = excluded.reactive_energy, max_demand = excluded.max_demand,
  measured_minutes = excluded.measured_minutes, missing_minutes = excluded.missing_minutes, estimated_minutes = excluded.estimated_minutes
where (u.version_id, u.energies, u.energy, u.export_energy, u.reactive_energy, u.max_demand, u.measured_minutes, u.missing_minutes,
    u.estimated_minutes)
  is distinct from (excluded.version_id, excluded.energies, excluded.energy, excluded.export_energy, excluded.reactive_energy,
    excluded.max_demand, excluded.measured_minutes, excluded.missing_minutes, excluded.estimated_minutes)
