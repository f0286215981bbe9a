-- Parts of months of some accounts with what pricing asks beside them: entitlements on the first day of the part, whether anything has measured reactive energy since, and where in the cycle of its
-- version's tiers the part lies, which is fenced by `offset 0`: its queries would run for each column that names them. Served by pk_usage_month, pk_tariff_version,
-- pk_entitlement, pk_reading_series and pk_meter_register.
select m.account_id, m.month, m.part, m.version_id, m.first_day, m.end_day, m.days, m.energies, m.energy, m.export_energy, m.reactive_energy,
  m.max_demand, m.demands, m.measured_minutes, m.missing_minutes, m.estimated_minutes, e.persons, e.contract_kw, e.transformer_kva, e.flags,
  exists (
    select from reading_series s where s.account_id = m.account_id and s.channel in ('reactive_lag', 'reactive_lead') and s.last_day >= m.first_day)
    or exists (select from meter_register r where r.account_id = m.account_id and r.kind = 'reactive') as has_reactive,
  y.since, y.until, y.months as months_in_cycle, y.used_before, array[y.months, y.used_before, y.since - date '2000-01-01'] as rests_on
from usage_month m
left join tariff_version v on v.id = m.version_id
left join unnest(cast(:version_ids as bigint[]), cast(:of_months as date[]), cast(:cycle_firsts as date[]), cast(:cycle_ends as date[]))
  c (version_id, month, first_day, end_day) on c.version_id = m.version_id and c.month = m.month
cross join lateral (
  select * from usage_cycle(m.account_id, v.tariff_code, m.first_day, coalesce(c.first_day, m.month), coalesce(c.end_day, (m.month + interval '1 month')::date))
  offset 0) y
left join lateral (
  select max(n.value) filter (where n.kind = 'persons')::integer as persons, max(n.value) filter (where n.kind = 'contract_kw') as contract_kw,
    max(n.value) filter (where n.kind = 'transformer_kva') as transformer_kva,
    array_agg(n.kind) filter (where n.kind not in ('persons', 'contract_kw', 'transformer_kva')) as flags
  from entitlement n
  where n.account_id = m.account_id and n.valid_from <= m.first_day and (n.valid_to is null or n.valid_to > m.first_day)) e on true
where m.account_id = any(cast(:account_ids as bigint[])) and m.month = any(cast(:months as date[]))
order by m.account_id, m.month, m.part
