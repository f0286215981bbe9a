-- The registers of the meters that are at an account now, with what each showed last in the holder's time; of a meter of which none is known the
-- total is one. Served by the meter's index by account, uq_meter_register_kind and uq_register_reading_read_at.
select m.meter_no, coalesce(r.kind, 'total') as kind, r.id as register_id, r.digits, r.multiplier, a.class as account_class, x.value, x.read_at
from account a
join meter m on m.account_id = a.id and m.removed_on is null and coalesce(m.installed_on <= :today, true)
left join meter_register r on r.account_id = m.account_id and r.meter_no = m.meter_no
left join lateral (
  select n.value, n.read_at from register_reading n
  where n.account_id = r.account_id and n.register_id = r.id and n.superseded_at is null
    and n.read_at >= coalesce(cast(a.holder_since as timestamp) at time zone :zone, '-infinity')
  order by n.read_at desc limit 1
) x on true
where a.id = :account_id
order by m.meter_no, r.id
