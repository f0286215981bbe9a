-- Until when each meter of an account was read in intervals, and what each register showed last. Served by pk_reading_series, pk_meter_register and
-- uq_register_reading_read_at.
select meter_no, i.read_until, coalesce(g.registers, '[]') as registers
from (select meter_no, max(read_until) as read_until from reading_series where account_id = :account_id group by meter_no) i
full join (
  select r.meter_no, jsonb_agg(jsonb_build_array(r.kind, x.value, x.read_at) order by r.id) as registers
  from meter_register r
  cross join lateral (
    select value, read_at from register_reading
    where account_id = r.account_id and register_id = r.id and superseded_at is null order by read_at desc limit 1) x
  where r.account_id = :account_id group by r.meter_no
) g using (meter_no)
