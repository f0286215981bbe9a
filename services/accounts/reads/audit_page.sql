-- A page of the whole audit log, the latest first, for those who may read it everywhere and ask for no days.
-- Served by ix_audit_subject, ix_audit_actor, ix_audit_act or pk_audit, whichever the filters leave least to read by; pk_unit for names.
select a.id, a.recorded_at, a.actor, a.act, a.subject, a.address, u.name as unit, a.before, a.after
from audit a
left join unit u on u.id = a.unit_id
where (cast(:before_id as bigint) is null or a.id < cast(:before_id as bigint))
  and (cast(:actor as text) = '' or a.actor = :actor)
  and (cast(:act as text) = '' or a.act = :act)
  and (cardinality(cast(:subjects as text[])) = 0 or a.subject = any(cast(:subjects as text[])))
order by a.id desc limit :limit
