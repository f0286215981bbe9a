-- The highest load of accounts in each month by the demand periods of other versions than theirs, in whole watts: published ones by their days, drafts by the days that are given.
-- The loads of several meters at one moment add up, as `days_write.sql` adds them. `of_holder`: of the present holder alone. Reads every interval of the time that is asked for.
-- Served by pk_reading_series, pk_interval_day, pk_account and pk_tariff_day.
with calendar as materialized (
  select t.version_id, t.day, t.demand_periods
  from unnest(cast(:version_ids as bigint[]), cast(:firsts as date[]), cast(:ends as date[])) s (version_id, first_day, end_day)
  join tariff_day t on t.version_id = s.version_id and t.day >= s.first_day and t.day < s.end_day and t.demand_periods is not null
  union all
  select d.version_id, d.day, d.demand_periods from jsonb_to_recordset(cast(:drafts as jsonb)) d (version_id bigint, day date, demand_periods smallint[])
)
select account_id, date_trunc('month', day)::date as month, version_id, period, max(load)::bigint as load
from (
  select i.account_id, i.day, c.version_id, c.demand_periods[x.slot * i.coarsest / 15 + 1] as period, div(sum(e.energy) * 60, i.coarsest * 1000) as load
  from (
    select s.account_id, i.day, s.interval_minutes as minutes, i.energies, max(s.interval_minutes) over (partition by s.account_id, i.day) as coarsest
    from reading_series s
    join account a on a.id = s.account_id
    join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day >= cast(:first as date) and i.day < cast(:end as date)
      and (not :of_holder or a.holder_since is null or i.day >= a.holder_since)
    where s.account_id = any(cast(:account_ids as bigint[])) and s.channel = 'import') i
  join calendar c on c.day = i.day
  cross join lateral unnest(i.energies) with ordinality e (energy, k)
  cross join lateral (select (e.k::integer - 1) * i.minutes / i.coarsest as slot) x
  where e.energy is not null
  group by i.account_id, i.day, i.coarsest, c.version_id, c.demand_periods, x.slot) l
group by account_id, date_trunc('month', day), version_id, period
