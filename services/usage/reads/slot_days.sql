-- What days of accounts come to where each interval has its own price: energy in millionths of a kWh, cost in 10^-14 minor units, both exact. Quarter-hours
-- (from 0) of use without a price, and whether an interval with use is longer than the one that has a price. `key` says for which span a day was asked.
-- Served by pk_reading_series, pk_interval_day, pk_account and ix_tariff_slot_price_day; reads every interval of the time that is asked for.
with spans as materialized (
  select * from unnest(cast(:keys as bigint[]), cast(:codes as text[]), cast(:firsts as date[]), cast(:ends as date[])) s (key, code, first_day, end_day)
), quarters as materialized (
  select p.tariff_code, p.day, q.at, (p.rate_minor * 100000000)::bigint as rate, p.minutes
  from (select code, min(first_day) as first_day, max(end_day) as end_day from spans group by code) s
  join tariff_slot_price p on p.tariff_code = s.code and p.day >= s.first_day and p.day < s.end_day
  cross join lateral generate_series(p.quarter::integer, p.quarter + p.minutes / 15 - 1) q (at)
), prices as materialized (
  select d.tariff_code, d.day, array_agg(q.rate order by n.at) as rates, array_agg(q.minutes order by n.at) as minutes
  from (select tariff_code, day, max(at) as last from quarters group by tariff_code, day) d
  cross join lateral generate_series(0, d.last) n (at)
  left join quarters q on q.tariff_code = d.tariff_code and q.day = d.day and q.at = n.at
  group by d.tariff_code, d.day
)
select r.account_id, s.key, i.day, sum(e.energy)::bigint as energy, coalesce(sum(e.energy::numeric * p.rates[x.at + 1]), 0) as cost, count(*) as slots,
  coalesce(array_agg(distinct x.at) filter (where e.energy <> 0 and p.rates[x.at + 1] is null), '{}') as missing,
  coalesce(bool_or(r.interval_minutes > p.minutes[x.at + 1]) filter (where e.energy <> 0), false) as is_coarse
from spans s
cross join reading_series r
join account a on a.id = r.account_id
join interval_day i on i.account_id = r.account_id and i.series_id = r.id and i.day >= s.first_day and i.day < s.end_day
  and i.day >= cast(:first as date) and i.day < cast(:end as date) and (not :of_holder or a.holder_since is null or i.day >= a.holder_since)
left join prices p on p.tariff_code = s.code and p.day = i.day
cross join lateral unnest(i.energies) with ordinality e (energy, k)
cross join lateral (select (e.k::integer - 1) * r.interval_minutes / 15 as at) x
where r.account_id = any(cast(:account_ids as bigint[])) and r.channel = 'import' and e.energy is not null
group by r.account_id, s.key, i.day
