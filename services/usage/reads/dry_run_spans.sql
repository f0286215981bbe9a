-- The month of some accounts in one: its first and last day and what it used and gave, where all of it lies on known versions of a tariff and
-- is one holder's. Served by pk_usage_month, pk_account and pk_holder_before.
select m.account_id, min(m.first_day) as first_day, max(m.end_day) as end_day, sum(m.export_energy)::bigint as export_energy, count(*) as parts
from usage_month m
where m.account_id = any(cast(:account_ids as bigint[])) and m.month = :month
group by m.account_id
having bool_and(m.version_id is not null and m.version_id = any(cast(:known as bigint[]))) and not exists (
  select from (
    select a.holder_since as since from account a where a.id = m.account_id
    union all
    select b.since from holder_before b where b.account_id = m.account_id) h
  where h.since > min(m.first_day) and h.since < max(m.end_day))
