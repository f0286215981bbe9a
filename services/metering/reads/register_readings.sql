-- An account's readings of registers that count, with the one before and the one behind a time. Served by pk_meter_register and
-- uq_register_reading_read_at.
select r.id as register_id, r.meter_no, r.kind, r.digits, r.multiplier, x.read_at, x.value, x.quality, x.source
from meter_register r
join register_reading x on x.account_id = r.account_id and x.register_id = r.id and x.superseded_at is null
where r.account_id = :account_id
  and x.read_at >= coalesce((
    select max(b.read_at) from register_reading b
    where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at <= :first), :first)
  and x.read_at <= coalesce((
    select min(b.read_at) from register_reading b
    where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at >= :end), :end)
order by r.id, x.read_at
