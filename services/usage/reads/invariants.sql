-- Of a range of accounts: days sum to months, periods to energies, the highest demand of a month is that of a day and of one of its periods, costs have their parts and rest on the use before them, and days with intervals are
-- what these are, and no less where registers have a part in them, since `readings_since` (the
-- month before this one when null). Months that wait to be aggregated are left out. Reads whole ranges of usage_day, usage_month, usage_cost and
-- interval_day.
with since as (
  select coalesce(cast(:readings_since as date), date_trunc('month', now() - interval '1 month')::date) as day
), months as (
  select account_id, month, sum(energy) as energy, sum(export_energy) as export_energy, sum(measured_minutes) as minutes,
    bool_and(energy = (select sum(e) from unnest(energies) e)) as adds_up, max(max_demand) as max_demand,
    bool_and(max_demand = (select max(d) from unnest(demands) d)) as is_highest
  from usage_month where account_id between :first_account and :last_account group by account_id, month
), read_days as materialized (
  select s.account_id, i.day, sum(e.energy) as energy, bool_or(rtrim(i.qualities, 'm') <> '') as has_value
  from reading_series s
  join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day >= (select day from since)
  cross join lateral (select coalesce(sum(x), 0) as energy from unnest(i.energies) x) e
  where s.account_id between :first_account and :last_account and s.channel = 'import'
  group by s.account_id, i.day
), days as (
  select u.account_id, date_trunc('month', u.day)::date as month, sum(u.energy) as energy, sum(u.export_energy) as export_energy,
    sum(u.measured_minutes) as minutes, bool_and(u.energy = (select sum(e) from unnest(u.energies) e)) as adds_up, max(u.max_demand) as max_demand,
    bool_and(u.max_demand = (select max(d) from unnest(u.demands) d)) as is_highest,
    sum(case when g.has_registers and r.has_value is not true then 0
      when g.has_registers and u.energy > r.energy and exists (
        select from meter_register m
        where m.account_id = u.account_id and m.kind not in ('export', 'reactive') and not exists (
          select from reading_series s join interval_day i on i.account_id = s.account_id and i.series_id = s.id and i.day = u.day
          where s.account_id = u.account_id and s.meter_no = m.meter_no and s.channel = 'import' and rtrim(i.qualities, 'm') <> '')) then r.energy
      else u.energy end) as measured
  from usage_day u
  left join read_days r on r.account_id = u.account_id and r.day = u.day
  cross join lateral (select exists (select from meter_register m where m.account_id = u.account_id) as has_registers) g
  where u.account_id between :first_account and :last_account
  group by u.account_id, date_trunc('month', u.day)
), waiting as (
  select distinct account_id, month from usage_change where account_id between :first_account and :last_account
), read as (
  select account_id, date_trunc('month', day)::date as month, sum(energy) as energy from read_days group by account_id, date_trunc('month', day)
), compared as (
  select coalesce(m.account_id, d.account_id, r.account_id) as account_id, coalesce(m.month, d.month, r.month) as month,
    m.energy as by_month, d.energy as by_day, d.measured as by_interval,
    coalesce(r.energy, case when d.measured is null then null else 0 end) as by_reading,
    coalesce(m.adds_up, true) and coalesce(d.adds_up, true) as adds_up,
    m.export_energy is distinct from d.export_energy or m.minutes is distinct from d.minutes as differs,
    m.max_demand is distinct from d.max_demand or not coalesce(m.is_highest, true) or not coalesce(d.is_highest, true) as has_other_demand
  from months m
  full join days d on d.account_id = m.account_id and d.month = m.month
  full join read r on r.account_id = coalesce(m.account_id, d.account_id) and r.month = coalesce(m.month, d.month)
), costs as (
  select c.account_id, c.month, c.part, m.account_id is not null as has_part, c.rests_on[2] as rests_on, y.used_before
  from usage_cost c
  left join usage_month m on m.account_id = c.account_id and m.month = c.month and m.part = c.part and m.version_id = c.version_id
  left join tariff_version v on v.id = m.version_id
  left join lateral usage_cycle_days(v.document, c.month) d on true
  left join lateral usage_cycle(c.account_id, v.tariff_code, m.first_day, d.first_day, d.end_day) y on true
  where c.account_id between :first_account and :last_account
    and not exists (select from holding_change h where h.account_id = c.account_id)
), found as (
  select c.account_id, c.month, x.rule, format('%s: months %s, days %s, readings %s', c.month, c.by_month, c.by_day, c.by_reading) as detail
  from compared c
  cross join lateral (values
    ('usage_days_sum_to_months', c.by_month is distinct from c.by_day or c.differs),
    ('usage_periods_sum_to_energy', not c.adds_up),
    ('usage_demands_are_the_highest', c.has_other_demand),
    ('usage_days_are_their_readings', c.by_interval is distinct from c.by_reading and c.month >= (select date_trunc('month', day)::date from since)))
    x (rule, is_broken)
  where x.is_broken and not exists (select from waiting w where w.account_id = c.account_id and w.month = c.month)
  union all
  select c.account_id, c.month, x.rule, format('%s, part %s: rests on %s, used before %s', c.month, c.part, c.rests_on, c.used_before)
  from costs c
  cross join lateral (values
    ('usage_costs_have_their_part', not c.has_part),
    ('usage_costs_rest_on_use_before', c.has_part and c.rests_on <> c.used_before)) x (rule, is_broken)
  where x.is_broken
)
select account_id, rule, detail from found
order by account_id, month, rule
limit :limit
