-- When the meters of a chunk's registers came back to their accounts: what they counted before is not held against what they count since.
-- Served by uq_meter_register_kind and ix_meter_account_id.
select distinct r.account_id, r.id as register_id, ((t.installed_on::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as at
from (select distinct account_id, meter_no, kind from met_register) m
join meter_register r on r.account_id = m.account_id and r.meter_no = m.meter_no and r.kind = m.kind
join meter t on t.account_id = m.account_id and t.meter_no = m.meter_no and t.installed_on is not null
where not exists (
  select from meter o
  where o.account_id = t.account_id and o.meter_no = t.meter_no and o.id <> t.id and coalesce(o.installed_on < t.installed_on, true)
    and coalesce(o.removed_on >= t.installed_on, true))
