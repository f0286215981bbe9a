-- Requests of one person (`mine`), decided by them (`decided`), open ones of others that they may decide about (`to_decide`), or `one` that is any
-- of these. Each is found by an index of its own, so that nothing of other units is read: pk_approval_request, ix_approval_request_requested_by,
-- ix_approval_request_decided_by and ix_approval_request_unit_id serve them. `is_bare`: the reader may neither ask nor decide about such things there now.
with bound as materialized (
  select staff_id from staff_bound(:seen_by, :now)
), seen as materialized (
  select k.kind, s.unit_id
  from unnest(cast(:kinds as text[]), cast(:permissions as text[])) k (kind, permission)
  cross join lateral staff_units(:seen_by, k.permission, :now) s
), found as (
  select id from approval_request where cast(:which as text) = 'one' and id = cast(:request_id as uuid)
  union all
  (select id from approval_request
   where cast(:which as text) = 'mine' and requested_by = :seen_by and (cast(:before as uuid) is null or id < cast(:before as uuid))
   order by id desc limit :limit)
  union all
  (select id from approval_request
   where cast(:which as text) = 'decided' and decided_by = :seen_by and (cast(:before as uuid) is null or id < cast(:before as uuid))
   order by id desc limit :limit)
  union all
  (select r.id
   from seen
   cross join lateral (
     select id from approval_request
     where unit_id = seen.unit_id and kind = seen.kind and state = 'requested' and expires_at > :now and requested_by not in (select staff_id from bound)
       and (cast(:before as uuid) is null or id > cast(:before as uuid))
     offset 0
   ) r
   where cast(:which as text) = 'to_decide'
   order by r.id limit :limit)
)
select r.id, r.kind, r.subject, r.unit_id, u.name as unit_name, r.amount_minor, r.currency, r.payload, r.reason, r.state,
  r.requested_by, a.display_name as requester, r.requested_at, r.expires_at,
  r.decided_by, d.display_name as decider, r.decided_at, r.decided_why, m.may_see and not m.is_bound as may_decide, m.may_see and m.is_bound as is_bound,
  not exists (
    select from unnest(cast(:kinds as text[]), cast(:asks as text[])) k (kind, asks)
    where k.kind = r.kind and (exists (select from staff_units(:seen_by, k.asks, :now) s where s.unit_id = r.unit_id)
      or exists (select from seen where seen.kind = r.kind and seen.unit_id = r.unit_id))) as is_bare
from found
cross join lateral (select * from approval_request where id = found.id offset 0) r  -- one by one: by no means all of them
join unit u on u.id = r.unit_id
join staff a on a.id = r.requested_by
left join staff d on d.id = r.decided_by
cross join lateral (
  select r.requested_by <> :seen_by and exists (select from seen where seen.kind = r.kind and seen.unit_id = r.unit_id) as may_see,
    r.requested_by in (select staff_id from bound) as is_bound
) m
where r.kind = any(cast(:kinds as text[])) and (cast(:which as text) <> 'one' or r.requested_by = :seen_by or r.decided_by = :seen_by or m.may_see)
order by case when cast(:which as text) = 'to_decide' then r.id end, r.id desc
