-- The first thing that waits for the endpoint whose turn it is: the endpoint is leased, so nobody else sends to it, and the try is counted before
-- it is made. Endpoints are some tens of rows, read whole; ix_webhook_delivery_waiting serves the first of each, pk_webhook_delivery the rest.
with turn as materialized (
  select e.id from webhook_endpoint e
  where e.state = 'active' and e.due_at <= now()
    and exists (select from webhook_delivery d where d.endpoint_id = e.id and d.state = 'waiting')
  order by e.due_at limit 1 for update skip locked
), leased as (
  update webhook_endpoint e set due_at = now() + :lease_s * interval '1 second', lease_token = :token
  from turn where e.id = turn.id
  returning e.id, e.url, e.secret_sealed, case when e.earlier_until > now() then e.earlier_sealed end as earlier_sealed
)
update webhook_delivery d set attempts = d.attempts + 1, tried_at = now()
from leased l
where d.endpoint_id = l.id
  and d.id = (select w.id from webhook_delivery w where w.endpoint_id = l.id and w.state = 'waiting' order by w.id limit 1)
returning d.endpoint_id, d.id, d.message_id, d.type, d.body, l.url, l.secret_sealed, l.earlier_sealed
