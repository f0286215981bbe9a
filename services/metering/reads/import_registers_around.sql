-- What is known of a chunk's registers from the reading before its first up to the one behind its last. Served by uq_register_reading_read_at.
select k.account_id, k.register_id, x.id, x.read_at, x.value, x.quality
from (
  select r.account_id, r.id as register_id, min(m.read_at) as first_at, max(m.read_at) as last_at
  from met_register m join meter_register r on r.account_id = m.account_id and r.meter_no = m.meter_no and r.kind = m.kind
  group by r.account_id, r.id
) k
join register_reading x on x.account_id = k.account_id and x.register_id = k.register_id and x.superseded_at is null
where x.read_at >= coalesce((
    select max(b.read_at) from register_reading b
    where b.account_id = k.account_id and b.register_id = k.register_id and b.superseded_at is null and b.read_at < k.first_at), k.first_at)
  and x.read_at <= coalesce((
    select min(b.read_at) from register_reading b
    where b.account_id = k.account_id and b.register_id = k.register_id and b.superseded_at is null and b.read_at > k.last_at), k.last_at)
