-- Days of one month of some accounts, of each those that are asked for (bit n - 1 of `days` is day n): by the periods of the version that holds on the day (all in one where none
-- is known). What a meter measured of a day (import, export, reactive) is that of its intervals, if one of them has a value, and else what its registers counted; meters add up.
-- Of intervals: one lies where it begins. Of several meters the loads of one moment add up; a moment is missing where a meter misses it, but on the day on which meters were
-- exchanged only where both do. Where charges on demand know periods (`demand_periods` of the day), the highest load of each is kept, of moments that begin in it: whole watts,
-- in an array up to the last period of the day; null where no version or interval says. Each day that is asked for is read by the index, fenced by `offset 0`: so no other is, and as many rows are expected as come, whatever is
-- known of a month that began today.
-- Of registers, read for the accounts `by_hand`: what was used between two readings, less what intervals measured of it, is shared out evenly by time and to the millionth over the
-- days without, but nothing of what a meter counted while it was away and came back; registers of periods that were read together share what intervals leave. All of it is estimated. It lies in the periods of the
-- version if each of them has a register of its name and no other counted anything; in one where the version has one period or none is known; otherwise nobody knows in which, and
-- the day stands on no version. Days of which nothing is known any more go. Rows that would not change are not written.
-- A day begins behind the last second of the day before: where the clock shows midnight twice, midnight itself is taken for the later one.
-- Served by pk_reading_series, pk_interval_day, pk_meter_register, uq_register_reading_read_at, pk_agreement, ix_tariff_version_published, pk_tariff_day and pk_usage_day.
with asked as materialized (
  select * from unnest(cast(:account_ids as bigint[]), cast(:days as integer[])) a (account_id, days)
), known as materialized (
  select i.account_id, i.day, s.channel, split_part(s.channel, '_', 1) as quantity, s.meter_no, s.interval_minutes as minutes, i.energies, i.qualities
  from unnest(cast(:of_accounts as bigint[]), cast(:of_days as date[])) a (account_id, day)
  join reading_series s on s.account_id = a.account_id
  cross join lateral (
    select i.account_id, i.day, i.energies, i.qualities from interval_day i
    where i.account_id = s.account_id and i.series_id = s.id and i.day = a.day and i.day >= cast(:month as date) and i.day < cast(:next_month as date)
    offset 0) i
), borders as materialized (
  select ((cast(:month as date)::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as first_at,
    ((cast(:next_month as date)::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as end_at
), shown as (
  select r.account_id, r.id as register_id, r.meter_no, r.kind, case when r.kind in ('export', 'reactive') then r.kind else 'import' end as quantity, r.digits, r.multiplier,
    x.read_at as ends, x.value, lag(x.read_at) over w as begins, lag(x.value) over w as before
  from borders m
  join meter_register r on r.account_id = any(cast(:by_hand as bigint[]))
  join register_reading x on x.account_id = r.account_id and x.register_id = r.id and x.superseded_at is null
  where x.read_at >= coalesce((
      select max(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at <= m.first_at), m.first_at)
    and x.read_at <= coalesce((
      select min(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at >= m.end_at), m.end_at)
  window w as (partition by r.account_id, r.id order by x.read_at)
), counted as materialized (
  select c.account_id, c.register_id, c.meter_no, c.kind, c.quantity, c.begins, c.ends, round(c.went * c.multiplier) as energy,
    (c.begins at time zone :zone)::date as first_day, ((c.ends - interval '1 microsecond') at time zone :zone)::date as last_day
  from (
    select *, case when value >= before then value - before
      when (value + power(10::numeric, digits) * 1000000 - before) * 2 < power(10::numeric, digits) * 1000000
        then value + power(10::numeric, digits) * 1000000 - before end as went
    from shown where begins is not null) c
  where c.went is not null and not exists (
      select from meter t
      where t.account_id = c.account_id and t.meter_no = c.meter_no and ((t.installed_on::timestamp - interval '1 second') at time zone :zone) + interval '1 second' > c.begins
        and ((t.installed_on::timestamp - interval '1 second') at time zone :zone) + interval '1 second' <= c.ends
        and not exists (
          select from meter o
          where o.account_id = t.account_id and o.meter_no = t.meter_no and o.id <> t.id and coalesce(o.installed_on < t.installed_on, true)
            and coalesce(o.removed_on >= t.installed_on, true)))
), open_days as materialized (
  select c.account_id, c.register_id, c.begins, d.at::date as day
  from counted c
  join asked a on a.account_id = c.account_id
  cross join lateral generate_series(greatest(c.first_day, cast(:month as date))::timestamp, least(c.last_day, cast(:next_month as date) - 1)::timestamp, interval '1 day') d (at)
  where a.days >> (d.at::date - cast(:month as date)) & 1 = 1
    and not exists (
      select from known k
      where k.account_id = c.account_id and k.meter_no = c.meter_no and k.quantity = c.quantity and k.day = d.at::date and rtrim(k.qualities, 'm') <> '')
), divided as materialized (
  select c.* from counted c where (c.account_id, c.register_id, c.begins) in (select account_id, register_id, begins from open_days)
), taken as materialized (
  select c.account_id, c.register_id, c.begins, i.day, coalesce(sum(e.energy), 0) as energy
  from divided c
  join reading_series z on z.account_id = c.account_id and z.meter_no = c.meter_no and split_part(z.channel, '_', 1) = c.quantity
  join interval_day i on i.account_id = z.account_id and i.series_id = z.id and i.day between c.first_day and c.last_day and rtrim(i.qualities, 'm') <> ''
  cross join lateral (
    select sum(div(x.energy * extract(epoch from least(t.ends, c.ends) - t.begins), z.interval_minutes * 60)
      - div(x.energy * extract(epoch from greatest(t.begins, c.begins) - t.begins), z.interval_minutes * 60)) as energy
    from unnest(i.energies) with ordinality x (energy, k)
    cross join lateral (select ((i.day::timestamp - interval '1 second') at time zone :zone) + interval '1 second' + (x.k - 1) * z.interval_minutes * interval '1 minute' as begins) b
    cross join lateral (select b.begins, b.begins + z.interval_minutes * interval '1 minute' as ends) t
    where t.begins < c.ends and t.ends > c.begins) e
  group by c.account_id, c.register_id, c.begins, i.day
), left_over as (
  select c.*, case when c.whole > 0 then div(c.rest * c.reached, c.whole) - div(c.rest * (c.reached - c.energy), c.whole) else 0 end as share
  from (
    select c.*, greatest(c.whole - t.energy, 0) as rest
    from (
      select c.*, sum(c.energy) over g as whole, sum(c.energy) over (g order by c.kind) as reached
      from divided c
      window g as (partition by c.account_id, c.meter_no, c.quantity, c.kind = 'total', c.begins, c.ends)) c
    cross join lateral (
      select coalesce(sum(t.energy), 0) as energy from taken t
      where t.account_id = c.account_id and t.register_id = c.register_id and t.begins = c.begins) t) c
), shares as materialized (
  select x.account_id, x.meter_no, x.quantity, x.kind, x.day, tstzrange(x.begins, x.ends) as time,
    div(x.share * x.reached, x.whole) - div(x.share * (x.reached - x.lasts), x.whole) as energy
  from (
    select c.account_id, c.meter_no, c.quantity, c.kind, c.share, d.at::date as day, t.begins, t.ends, l.lasts,
      sum(l.lasts) over (partition by c.account_id, c.register_id, c.begins order by d.at) as reached,
      sum(l.lasts) over (partition by c.account_id, c.register_id, c.begins) as whole
    from left_over c
    cross join lateral generate_series(c.first_day::timestamp, c.last_day::timestamp, interval '1 day') d (at)
    cross join lateral (
      select greatest(c.begins, ((d.at - interval '1 second') at time zone :zone) + interval '1 second') as begins,
        least(c.ends, ((d.at + interval '1 day' - interval '1 second') at time zone :zone) + interval '1 second') as ends) t
    left join taken i on i.account_id = c.account_id and i.register_id = c.register_id and i.begins = c.begins and i.day = d.at::date
    cross join lateral (select case when i.day is null then extract(epoch from t.ends - t.begins) * 1000000 else 0 end as lasts) l) x
  join asked a on a.account_id = x.account_id
  where x.lasts > 0 and x.day >= cast(:month as date) and x.day < cast(:next_month as date) and a.days >> (x.day - cast(:month as date)) & 1 = 1
), kinds as materialized (
  select account_id, day, kind, sum(energy)::bigint as energy, range_agg(time) as time from shares group by account_id, day, kind
), readings as materialized (
  select k.*
  from known k
  left join (select distinct account_id, meter_no, quantity, day from shares) s
    on s.account_id = k.account_id and s.meter_no = k.meter_no and s.quantity = k.quantity and s.day = k.day
  where s.day is null or rtrim(k.qualities, 'm') <> ''
), spans as materialized (
  select g.account_id, v.id as version_id, v.periods as names, greatest(cardinality(v.periods), 1) as size, g.valid_from as since, g.id as agreement_id,
    greatest(g.valid_from, v.valid_from) as first_day, least(g.valid_to, v.valid_to) as end_day
  from agreement g
  join tariff_version v on v.tariff_code = g.tariff_code and v.state = 'published' and v.valid_from < cast(:next_month as date)
    and (v.valid_to is null or v.valid_to > cast(:month as date))
  where g.account_id = any(cast(:account_ids as bigint[])) and g.valid_from < cast(:next_month as date)
    and (g.valid_to is null or g.valid_to > cast(:month as date))
), held as materialized (
  select distinct on (d.account_id, d.day) d.account_id, d.day, d.imports, d.coarsest, t.version_id, coalesce(s.size, 1) as size, t.periods, t.demand_periods, s.names
  from (
    select account_id, day, count(*) filter (where channel = 'import') as imports,
      max(minutes) filter (where channel = 'import') as coarsest
    from readings group by account_id, day
    union all
    select account_id, day, null, null from (select distinct account_id, day from kinds except select account_id, day from readings) k) d
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
    select h.account_id, h.day, h.coarsest, (e.k - 1) * r.minutes / h.coarsest as slot, div(sum(e.energy) * 60, h.coarsest * 1000) as load,
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
), loads as materialized (
  select account_id, day, period, max(load)::bigint as load
  from (
    select h.account_id, h.day, h.demand_periods[x.slot * h.coarsest / 15 + 1] as period, div(sum(e.energy) * 60, h.coarsest * 1000) as load
    from held h
    join readings r on r.account_id = h.account_id and r.day = h.day and r.channel = 'import'
    cross join lateral unnest(r.energies) with ordinality e (energy, k)
    cross join lateral (select (e.k::integer - 1) * r.minutes / h.coarsest as slot) x
    where h.demand_periods is not null
    group by h.account_id, h.day, h.coarsest, h.demand_periods, x.slot) s
  group by account_id, day, period
), demanded as (
  select h.account_id, h.day, array_agg(coalesce(l.load, 0) order by p) as demands
  from held h
  cross join lateral generate_series(1, (select max(n) from unnest(h.demand_periods) n)) p
  left join loads l on l.account_id = h.account_id and l.day = h.day and l.period = p
  where h.demand_periods is not null and h.imports > 0
  group by h.account_id, h.day
), by_period as (
  select account_id, day, period, sum(energy)::bigint as energy, max(load) as load
  from (
    select account_id, day, period, energy, energy * 60 / (minutes * 1000) as load from elements
    union all
    select h.account_id, h.day, p, 0, 0 from held h cross join lateral generate_series(1, h.size) p where h.imports is not null) x
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
), measured as (
  select h.account_id, h.day, h.imports, h.version_id, e.energies, e.energy, o.export_energy, o.reactive_energy,
    coalesce(t.max_demand, e.max_demand) as max_demand, d.demands, coalesce(t.measured, o.measured) as measured, coalesce(t.missing, o.missing) as missing,
    coalesce(t.estimated, o.estimated) as estimated
  from held h
  join used e on e.account_id = h.account_id and e.day = h.day
  join others o on o.account_id = h.account_id and o.day = h.day
  left join together t on t.account_id = h.account_id and t.day = h.day
  left join demanded d on d.account_id = h.account_id and d.day = h.day
), summed as (
  select h.account_id, h.day, h.version_id, h.size, cardinality(h.names) as named,
    array_agg(k.energy order by array_position(h.names, k.kind)) filter (where k.kind = any(h.names)) as energies,
    range_intersect_agg(k.time) filter (where k.kind = any(h.names)) as time_named,
    sum(k.energy) filter (where k.kind = 'total') as total, range_intersect_agg(k.time) filter (where k.kind = 'total') as time_total,
    sum(k.energy) filter (where p.is_period) as by_period, range_intersect_agg(k.time) filter (where p.is_period) as time_by_period,
    coalesce(sum(k.energy) filter (where p.is_period and k.kind <> all(h.names)), 0) as elsewhere,
    coalesce(sum(k.energy) filter (where k.kind = 'export'), 0) as export_energy,
    coalesce(sum(k.energy) filter (where k.kind = 'reactive'), 0) as reactive_energy
  from held h
  join kinds k on k.account_id = h.account_id and k.day = h.day
  cross join lateral (select k.kind not in ('total', 'export', 'reactive') as is_period) p
  group by h.account_id, h.day, h.version_id, h.size, h.names
), placed as (
  select s.*, coalesce(total, by_period) is not null as is_read, s.size > 1 and cardinality(energies) = named and elsewhere = 0 as is_named
  from summed s
), by_registers as (
  select p.account_id, p.day, case when p.is_named or p.size = 1 or not p.is_read then p.version_id end as version_id, p.is_read,
    case when p.is_named then p.energies when p.is_read then array[coalesce(p.total, p.by_period)::bigint]
      else array_fill(0::bigint, array[p.size]) end as energies,
    p.export_energy::bigint, p.reactive_energy::bigint, m.read,
    (extract(epoch from (((p.day + 1)::timestamp - interval '1 second') at time zone :zone) - ((p.day::timestamp - interval '1 second') at time zone :zone)) / 60)::integer as minutes
  from placed p
  cross join lateral (
    select coalesce(floor(sum(extract(epoch from upper(t) - lower(t))) / 60), 0)::integer as read
    from unnest(case when p.is_named then p.time_named when p.total is not null then p.time_total else p.time_by_period end) t) m
), days as materialized (
  select account_id, day, m.version_id, m.energies, coalesce(i.export_energy, 0) + coalesce(r.export_energy, 0) as export_energy,
    coalesce(i.reactive_energy, 0) + coalesce(r.reactive_energy, 0) as reactive_energy, coalesce(i.max_demand, 0) as max_demand,
    case when m.version_id is not null then i.demands end as demands,
    case when x.is_both then r.minutes - x.missing when x.is_read then r.read else i.measured end as measured,
    case when x.is_both then x.missing when x.is_read then r.minutes - r.read when r.day is not null and i.day is null then 0 else i.missing end as missing,
    case when x.is_both then least(r.minutes - x.missing, i.estimated + r.read) when x.is_read then r.read else i.estimated end as estimated
  from measured i
  full join by_registers r using (account_id, day)
  cross join lateral (
    select coalesce(r.is_read, false) as is_read, coalesce(r.is_read and i.imports > 0, false) as is_both,
      case when exists (select from meter m where m.account_id = r.account_id and (m.installed_on = r.day or m.removed_on = r.day))
        then greatest(r.minutes - i.measured - r.read, 0) else greatest(i.missing, r.minutes - r.read) end as missing) x
  cross join lateral (
    select case when not x.is_both then case when x.is_read or i.day is null then r.version_id else i.version_id end
        when r.version_id is not distinct from i.version_id then i.version_id end as version_id,
      case when not x.is_both then case when x.is_read or i.day is null then r.energies else i.energies end
        when r.version_id is not distinct from i.version_id
          then (select array_agg(e.measured + e.counted order by e.n) from unnest(i.energies, r.energies) with ordinality e (measured, counted, n))
        else array[i.energy + (select sum(e)::bigint from unnest(r.energies) e)] end as energies) m
), gone as (
  delete from usage_day u using asked a
  where u.account_id = a.account_id and a.days >> (u.day - cast(:month as date)) & 1 = 1 and u.day >= cast(:month as date) and u.day < cast(:next_month as date)
    and (u.account_id, u.day) not in (select account_id, day from days)
)
insert into usage_day as u (account_id, day, version_id, energies, energy, export_energy, reactive_energy, max_demand, demands, measured_minutes,
  missing_minutes, estimated_minutes)
select d.account_id, d.day, d.version_id, d.energies, e.energy, d.export_energy, d.reactive_energy, d.max_demand, d.demands, coalesce(d.measured, 0),
  coalesce(d.missing, 0), coalesce(d.estimated, 0)
from days d
cross join lateral (select sum(x)::bigint as energy from unnest(d.energies) x) e
on conflict (account_id, day) do update set version_id = excluded.version_id, energies = excluded.energies, energy = excluded.energy,
  export_energy = excluded.export_energy, reactive_energy = excluded.reactive_energy, max_demand = excluded.max_demand, demands = excluded.demands,
  measured_minutes = excluded.measured_minutes, missing_minutes = excluded.missing_minutes, estimated_minutes = excluded.estimated_minutes
where (u.version_id, u.energies, u.energy, u.export_energy, u.reactive_energy, u.max_demand, u.demands, u.measured_minutes, u.missing_minutes,
    u.estimated_minutes)
  is distinct from (excluded.version_id, excluded.energies, excluded.energy, excluded.export_energy, excluded.reactive_energy,
    excluded.max_demand, excluded.demands, excluded.measured_minutes, excluded.missing_minutes, excluded.estimated_minutes)
