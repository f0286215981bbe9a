-- What accounts used in each month by the periods of other versions than theirs: published ones by their days, drafts by the days that are given.
-- `of_holder`: of the present holder alone. Reads every interval of the time that is asked for.
-- Served by pk_reading_series, pk_interval_day, pk_account and pk_tariff_day.
with calendar as materialized (
  select t.version_id, t.day, t.periods
  from unnest(cast(:version_ids as bigint[]), cast(:firsts as date[]), cast(:ends as date[])) s (version_id, first_day, end_day)
  join tariff_day t on t.version_id = s.version_id and t.day >= s.first_day and t.day < s.end_day
  union all
  select d.version_id, d.day, d.periods from jsonb_to_recordset(cast(:drafts as jsonb)) d (version_id bigint, day date, periods smallint[])
)
select s.account_id, date_trunc('month', i.day)::date as month, c.version_id, c.periods[(e.k - 1) * s.interval_minutes / 15 + 1] as period,
  sum(e.energy)::bigint as energy
from reading_series s
join account a on a.id = s.account_id
join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day >= cast(:first as date) and i.day < cast(:end as date)
  and (not :of_holder or a.holder_since is null or i.day >= a.holder_since)
join calendar c on c.day = i.day
cross join lateral unnest(i.energies) with ordinality e (energy, k)
where s.account_id = any(cast(:account_ids as bigint[])) and s.channel = 'import' and e.energy is not null
group by s.account_id, date_trunc('month', i.day), c.version_id, period
