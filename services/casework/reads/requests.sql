-- Requests of one person (`mine`), decided by them (`decided`), open ones of others that they may decide about (`to_decide`), or `one` that is any
-- of these. Served by pk_approval_request, ix_approval_request_requested_by, and ix_approval_request_unit_id for open ones.
select r.id, r.kind, r.subject, r.unit_id, u.name as unit_name, r.amount_minor, r.currency, r.payload, r.reason, r.state,
  r.requested_by, a.display_name as requester, r.requested_at, r.expires_at,
  r.decided_by, d.display_name as decider, r.decided_at, r.decided_why, m.may_decide
from approval_request r
join unit u on u.id = r.unit_id
join staff a on a.id = r.requested_by
left join staff d on d.id = r.decided_by
join unnest(cast(:kinds as text[]), cast(:permissions as text[])) k (kind, permission) on k.kind = r.kind
cross join lateral (
  select r.requested_by <> :seen_by
    and exists (select from staff_units(:seen_by, k.permission, :now) s where s.unit_id = r.unit_id) as may_decide
) m
where case cast(:which as text)
    when 'one' then r.id = cast(:request_id as uuid) and (r.requested_by = :seen_by or r.decided_by = :seen_by or m.may_decide)
    when 'mine' then r.requested_by = :seen_by and (cast(:before as uuid) is null or r.id < cast(:before as uuid))
    when 'decided' then r.decided_by = :seen_by and (cast(:before as uuid) is null or r.id < cast(:before as uuid))
    when 'to_decide' then r.state = 'requested' and r.expires_at > :now and m.may_decide
  end
order by case when cast(:which as text) = 'to_decide' then r.id end, r.id desc
limit :limit
