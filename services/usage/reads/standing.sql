-- Where an account stands before a day on a tariff: its holder's cycle of tiers, what was used in it before, and what it is entitled to on the first
-- day of the part of the month that another day lies in: the first that the month, the version and the holder on the tariff have in common; and whether
-- anything has measured reactive energy since. Served by pk_agreement, pk_account, pk_usage_month, pk_entitlement, pk_reading_series and pk_meter_register.
select y.since, y.until, y.months, y.used_before, e.persons, e.contract_kw, e.transformer_kva, e.flags,
  exists (
    select from reading_series s where s.account_id = :account_id and s.channel in ('reactive_lag', 'reactive_lead') and s.last_day >= p.first_day)
    or exists (select from meter_register r where r.account_id = :account_id and r.kind = 'reactive') as has_reactive
from usage_cycle(:account_id, :code, cast(:before as date), cast(:cycle_first as date), cast(:cycle_end as date)) y
cross join lateral (select greatest(cast(:part_from as date), least(y.since, cast(:day as date))) as first_day) p
left join lateral (
  select max(n.value) filter (where n.kind = 'persons')::integer as persons, max(n.value) filter (where n.kind = 'contract_kw') as contract_kw,
    max(n.value) filter (where n.kind = 'transformer_kva') as transformer_kva,
    array_agg(n.kind) filter (where n.kind not in ('persons', 'contract_kw', 'transformer_kva')) as flags
  from entitlement n
  where n.account_id = :account_id and n.valid_from <= p.first_day and (n.valid_to is null or n.valid_to > p.first_day)) e on true
