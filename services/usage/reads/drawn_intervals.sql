-- Every interval of an account's use over some days, for a drawing: JSON text, null without access, 'totals' for who sees sums alone, '' when the
-- session has ended. `start` is a Unix time; `energies` are millionths of a kWh, each `minutes` later, null where nothing is known. Meters that
-- overlap add up; where intervals have several lengths all are put into the longest. Days before the holder's first one are left out.
-- A day begins behind the last second of the day before, as in `days_write.sql`.
-- Served by pk_session_family, account_access, pk_reading_series and pk_interval_day, in the months of the span.
select case when not exists (select from living_session(:session_id)) then '' else (
  select case when g.scope <> 'full' then 'totals' else (
    with span as materialized (
      select greatest(cast(:first as date), a.holder_since) as first, cast(:end as date) as "end"
    ), held as materialized (
      select i.day, s.id as series_id, s.interval_minutes as minutes, i.energies
      from reading_series s
      join interval_day i on i.account_id = s.account_id and i.series_id = s.id
      where s.account_id = a.id and s.channel = 'import' and i.day >= (select first from span) and i.day < cast(:end as date)
    ), size as materialized (
      select coalesce(max(minutes), 15) as minutes, min(day) as first, max(day) as last from held
    ), days as (
      select d.day, count(h.day) as series, min(h.minutes) as minutes, min(array_to_string(h.energies, ',', 'null')) as text
      from size z
      cross join lateral generate_series(z.first, z.last, interval '1 day') g (at)
      cross join lateral (select g.at::date as day) d
      left join held h on h.day = d.day
      group by d.day
    ), written as (
      select d.day, case
        when d.series = 1 and d.minutes = z.minutes then d.text
        when d.series = 0 then rtrim(repeat('null,', (extract(epoch from
          (((d.day + 1)::timestamp - interval '1 second') at time zone :zone) - ((d.day::timestamp - interval '1 second') at time zone :zone)) / 60 / z.minutes)::integer), ',')
        else (
          select string_agg(coalesce(m.energy::text, 'null'), ',' order by m.slot)
          from (
            select (e.k - 1) * h.minutes / z.minutes as slot,
              case when count(e.energy) < count(*) and count(distinct h.series_id) = 1 then null else sum(e.energy) end as energy
            from held h cross join lateral unnest(h.energies) with ordinality e (energy, k) where h.day = d.day group by 1) m)
        end as text
      from days d cross join size z
    )
    select '{"start":' || coalesce((extract(epoch from (z.first::timestamp - interval '1 second') at time zone :zone) + 1)::bigint::text, 'null')
      || ',"minutes":' || z.minutes || ',"energies":[' || coalesce((select string_agg(w.text, ',' order by w.day) from written w), '') || ']}'
    from size z
  ) end
  from account_access(:user_id, :account_no, 'view') g
  join account a on a.id = g.account_id
) end
