-- The supplier's multiplier of registers that customers alone made and read: what was counted by them is made anew by it. They are locked by then.
-- Served by uq_meter_register_kind and uq_register_reading_read_at.
with told as (
  select account_id, register_id, max(known_multiplier) as multiplier from met_register where register_id is not null group by account_id, register_id
), made as (
  update meter_register r set multiplier = t.multiplier
  from told t
  where r.account_id = t.account_id and r.id = t.register_id and r.multiplier = 1 and t.multiplier <> 1
    and not exists (select from register_reading x where x.account_id = r.account_id and x.register_id = r.id and x.source <> 'customer')
  returning r.account_id, r.id
)
insert into usage_change (account_id, month, of_registers)
select m.account_id, g.month::date, true
from made m
cross join lateral (
  select date_trunc('month', min(x.read_at at time zone :zone)) as first, date_trunc('month', max(x.read_at at time zone :zone)) as last
  from register_reading x where x.account_id = m.account_id and x.register_id = m.id and x.superseded_at is null
) s
cross join lateral generate_series(s.first, s.last, interval '1 month') g (month)
