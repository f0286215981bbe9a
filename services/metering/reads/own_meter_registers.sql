-- The registers of the meters that are at an account now, with what each showed last in the holder's time; of a meter of which none is known the
-- total is one. `place` is the meter's among all that ever were there: it never changes, and tells nothing of the meter. Served by the meter's index by account, uq_meter_register_kind and uq_register_reading_read_at.
select m.place, m.meter_no, coalesce(r.kind, 'total') as kind, r.id as register_id, r.digits, r.multiplier, a.class as account_class, x.value, x.read_at
from account a
join (select meter_no, installed_on, removed_on, row_number() over (order by id) as place from meter where account_id = :account_id) m
  on m.removed_on is null and coalesce(m.installed_on <= :today, true)
left join meter_register r on r.account_id = a.id and r.meter_no = m.meter_no
left join lateral (
  select n.value, n.read_at from register_reading n
  where n.account_id = r.account_id and n.register_id = r.id and n.superseded_at is null
    and n.read_at >= coalesce(((cast(a.holder_since as timestamp) - interval '1 second') at time zone :zone) + interval '1 second', '-infinity')
  order by n.read_at desc limit 1
) x on true
where a.id = :account_id
order by m.place, r.id
