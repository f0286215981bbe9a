-- Where an account stands before a day on a tariff: its holder's cycle of tiers, what was used in it before, and what it is entitled to on a day.
-- Served by pk_agreement, pk_account, pk_usage_month and pk_entitlement.
select y.since, y.until, y.months, y.used_before, e.persons, e.contract_kw, e.transformer_kva, e.flags
from usage_cycle(:account_id, :code, cast(:before as date), cast(:cycle_first as date), cast(:cycle_end as date)) y
left join lateral (
  select max(n.value) filter (where n.kind = 'persons')::integer as persons, max(n.value) filter (where n.kind = 'contract_kw') as contract_kw,
    max(n.value) filter (where n.kind = 'transformer_kva') as transformer_kva,
    array_agg(n.kind) filter (where n.kind not in ('persons', 'contract_kw', 'transformer_kva')) as flags
  from entitlement n
  where n.account_id = :account_id and n.valid_from <= cast(:facts_on as date) and (n.valid_to is null or n.valid_to > cast(:facts_on as date))) e
  on true
