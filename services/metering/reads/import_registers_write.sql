-- Registers that are not there yet, and digits that are said of known ones for the first time. Served by uq_meter_register_kind.
insert into meter_register (account_id, id, meter_no, kind, digits, multiplier)
select n.account_id, coalesce((select max(r.id) from meter_register r where r.account_id = n.account_id), 0)
  + row_number() over (partition by n.account_id order by n.meter_no, n.kind), n.meter_no, n.kind, n.digits, coalesce(n.multiplier, 1)
from (
  select account_id, meter_no, kind, max(known_digits) as digits, max(known_multiplier) as multiplier from met_register
  where register_id is null group by account_id, meter_no, kind
) n
on conflict do nothing
