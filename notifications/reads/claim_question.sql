-- The longest due message whose answer or receipt is missing, put off while it is asked about. ix_message_due_at serves it.
update message m set due_at = now() + :lease_s * interval '1 second'
from message_attempt a
where a.id = m.lease_token
  and (m.owner, m.id) = (
    select owner, id from message where state = 'unknown' and due_at <= now() order by due_at limit 1 for update skip locked
  )
returning m.owner, m.state, m.address_sealed, a.id as attempt_id, a.started_at,
  extract(epoch from now() - a.started_at)::float8 as age_s
