-- The parts of one month of some accounts, summed from their days: the days of one version and one holder, as long as an agreement binds without a break,
-- are a part, which reaches as far as agreement, version and holder do in the month. Days on no version that follow one another are a part of their own; those
-- around them stay one. Of demand periods it has the highest of its days; none where a day was measured that lacks them. Rows that would not change are not written; parts that no day makes any more go.
-- Served by pk_usage_day, pk_account, pk_holder_before, pk_agreement, ix_tariff_version_published and pk_usage_month.
with spans as materialized (
  select v.account_id, v.version_id, lower(r.days) as first_day, upper(r.days) as end_day
  from (
    select g.account_id, v.id as version_id, range_agg(daterange(d.first_day, d.end_day)) as days
    from agreement g
    join tariff_version v on v.tariff_code = g.tariff_code and v.state = 'published' and v.valid_from < cast(:next_month as date)
      and (v.valid_to is null or v.valid_to > cast(:month as date))
    cross join lateral (
      select greatest(g.valid_from, v.valid_from, cast(:month as date)) as first_day, least(g.valid_to, v.valid_to, cast(:next_month as date)) as end_day) d
    where g.account_id = any(cast(:account_ids as bigint[])) and g.valid_from < cast(:next_month as date)
      and (g.valid_to is null or g.valid_to > cast(:month as date)) and d.first_day < d.end_day
    group by g.account_id, v.id) v
  cross join lateral unnest(v.days) r (days)
), holders as materialized (
  select id as account_id, holder_since as since from account where id = any(cast(:account_ids as bigint[])) and holder_since is not null
  union
  select account_id, since from holder_before where account_id = any(cast(:account_ids as bigint[]))
), runs as (
  select *, sum(is_new) over (partition by account_id order by day) as run
  from (
    select u.*, h.since as held_since, s.first_day as span_first, s.end_day as span_end,
      case when u.version_id is not distinct from lag(u.version_id) over w and h.since is not distinct from lag(h.since) over w
        and lag(u.day) over w is not null then 0 else 1 end as is_new
    from usage_day u
    left join spans s on s.account_id = u.account_id and s.version_id = u.version_id and s.first_day <= u.day and s.end_day > u.day
    cross join lateral (select max(x.since) as since from holders x where x.account_id = u.account_id and x.since <= u.day) h
    where u.account_id = any(cast(:account_ids as bigint[])) and u.day >= cast(:month as date) and u.day < cast(:next_month as date)
    window w as (partition by u.account_id order by u.day)) d
), numbered as (
  select *, dense_rank() over (partition by account_id order by begun) as part
  from (
    select *, min(day) over (partition by account_id, version_id, held_since, span_first, case when span_first is null then run end) as begun
    from runs) d
), periods as (
  select account_id, part, array_agg(energy order by period) as energies
  from (
    select n.account_id, n.part, e.period, sum(e.energy)::bigint as energy
    from numbered n cross join lateral unnest(n.energies) with ordinality e (energy, period)
    group by n.account_id, n.part, e.period) e
  group by account_id, part
), demanded as (
  select account_id, part, array_agg(load order by period) as demands
  from (
    select n.account_id, n.part, d.period, max(d.load) as load
    from numbered n cross join lateral unnest(n.demands) with ordinality d (load, period)
    where n.demands is not null
    group by n.account_id, n.part, d.period) d
  group by account_id, part
), parts as (
  select account_id, part, version_id, held_since, min(day) as first_day, max(day) + 1 as end_day, min(span_first) as span_first,
    min(span_end) as span_end, count(*) filter (where measured_minutes > 0) as days,
    sum(energy)::bigint as energy, sum(export_energy)::bigint as export_energy, sum(reactive_energy)::bigint as reactive_energy,
    max(max_demand) as max_demand, bool_or(demands is null and max_demand > 0) as lacks_demands, sum(measured_minutes) as measured_minutes, sum(missing_minutes) as missing_minutes,
    sum(estimated_minutes) as estimated_minutes
  from numbered group by account_id, part, version_id, held_since
), gone as (
  delete from usage_month m
  where m.account_id = any(cast(:account_ids as bigint[])) and m.month = cast(:month as date)
    and m.part > coalesce((select max(p.part) from parts p where p.account_id = m.account_id), 0)
  returning m.account_id, m.part
), written as (
  insert into usage_month as u (account_id, month, part, version_id, first_day, end_day, days, energies, energy, export_energy, reactive_energy,
    max_demand, demands, measured_minutes, missing_minutes, estimated_minutes, aggregated_at)
  select p.account_id, cast(:month as date), p.part, p.version_id, case when p.span_first is null then p.first_day else greatest(p.span_first, p.held_since) end,
    case when p.span_first is null then p.end_day else least(p.span_end, (
      select min(h.since) from holders h where h.account_id = p.account_id and h.since > p.first_day)) end,
    p.days, e.energies, p.energy, p.export_energy, p.reactive_energy, p.max_demand, case when not p.lacks_demands then d.demands end,
    p.measured_minutes, p.missing_minutes, p.estimated_minutes, now()
  from parts p
  join periods e on e.account_id = p.account_id and e.part = p.part
  left join demanded d on d.account_id = p.account_id and d.part = p.part
  on conflict (account_id, month, part) do update set version_id = excluded.version_id, first_day = excluded.first_day, end_day = excluded.end_day,
    days = excluded.days, energies = excluded.energies, energy = excluded.energy, export_energy = excluded.export_energy,
    reactive_energy = excluded.reactive_energy, max_demand = excluded.max_demand, demands = excluded.demands, measured_minutes = excluded.measured_minutes,
    missing_minutes = excluded.missing_minutes, estimated_minutes = excluded.estimated_minutes, aggregated_at = excluded.aggregated_at
  where (u.version_id, u.first_day, u.end_day, u.days, u.energies, u.energy, u.export_energy, u.reactive_energy, u.max_demand, u.demands, u.measured_minutes,
      u.missing_minutes, u.estimated_minutes)
    is distinct from (excluded.version_id, excluded.first_day, excluded.end_day, excluded.days, excluded.energies, excluded.energy,
      excluded.export_energy, excluded.reactive_energy, excluded.max_demand, excluded.demands, excluded.measured_minutes, excluded.missing_minutes,
      excluded.estimated_minutes)
  returning u.account_id, u.part
)
select account_id, part from written union all select account_id, part from gone
