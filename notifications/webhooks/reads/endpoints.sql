-- Endpoints in the units where a member of staff may look after them, or one of them: what each is, and what waits there since when. Reads the
-- whole of webhook_endpoint, some tens of rows; then served by pk_unit, ix_webhook_delivery_waiting and ix_webhook_delivery_set_aside.
select e.id, e.name, e.url, e.events, e.state, e.disabled_why, e.disabled_at, e.earlier_until, e.created_at, e.failures, e.due_at, e.delivered_at,
  u.id as unit_id, u.code as unit_code, u.name as unit_name, w.waiting, h.waits_since, s.set_aside
from webhook_endpoint e
join staff_units(:staff_id, 'webhooks.manage', :now) a on a.unit_id = e.unit_id
join unit u on u.id = e.unit_id
cross join lateral (
  select count(*) as waiting from (select from webhook_delivery d where d.endpoint_id = e.id and d.state = 'waiting' limit :most) c
) w
cross join lateral (
  select count(*) as set_aside
  from (select from webhook_delivery d where d.endpoint_id = e.id and d.state = 'set_aside' limit :most) c
) s
left join lateral (
  select d.waits_since from webhook_delivery d where d.endpoint_id = e.id and d.state = 'waiting' order by d.id limit 1
) h on true
where e.state <> 'deleted' and (cast(:id as uuid) is null or e.id = cast(:id as uuid))
order by u.path, e.name, e.id
