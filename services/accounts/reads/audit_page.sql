-- A page of the audit log, the latest first, of the units where the reader may read it; acts without a unit for those who may everywhere.
-- Served by ix_audit_subject, ix_audit_actor, ix_audit_unit_id or pk_audit, whichever the filters leave least to read by.
select a.id, a.recorded_at, a.actor, a.act, a.subject, a.address, u.name as unit, a.before, a.after
from audit a
left join unit u on u.id = a.unit_id
where (cast(:sees_all as boolean) or a.unit_id in (select unit_id from staff_units(:seen_by, 'audit.view', :now)))
  and (cast(:before_id as bigint) is null or a.id < cast(:before_id as bigint))
  and (cast(:actor as text) = '' or a.actor = :actor)
  and (cast(:act as text) = '' or a.act = :act)
  and (cardinality(cast(:subjects as text[])) = 0 or a.subject = any(cast(:subjects as text[])))
  and (cast(:since as timestamptz) is null or a.recorded_at >= cast(:since as timestamptz))
  and (cast(:until as timestamptz) is null or a.recorded_at < cast(:until as timestamptz))
order by a.id desc limit :limit
