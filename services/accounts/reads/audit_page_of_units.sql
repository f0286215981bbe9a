-- A page of the audit log of the units where somebody may read it, the latest first: of each unit as many as the page holds, then the latest of
-- those, so that a station's reader reads no row of another. Served by ix_audit_unit_id per unit, uq_staff_grant_living and primary keys.
select a.id, a.recorded_at, a.actor, a.act, a.subject, a.address, u.name as unit, a.before, a.after
from staff_units(:seen_by, 'audit.view', :now) s
join unit u on u.id = s.unit_id
cross join lateral (
  select *
  from audit
  -- A range of one unit, in the order of its index: for "unit_id = x order by id" a planner walks back over the acts of all units at times.
  where unit_id between s.unit_id and s.unit_id
    and (cast(:before_id as bigint) is null or id < cast(:before_id as bigint))
    and (cast(:actor as text) = '' or actor = :actor)
    -- Written so that ix_audit_act and ix_audit_recorded_at cannot serve it: they would have the acts of all units read.
    and (cast(:act as text) = '' or act || '' = :act)
    and (cardinality(cast(:subjects as text[])) = 0 or subject = any(cast(:subjects as text[])))
    and (cast(:since as timestamptz) is null or recorded_at + interval '0' >= cast(:since as timestamptz))
    and (cast(:until as timestamptz) is null or recorded_at + interval '0' < cast(:until as timestamptz))
  order by unit_id desc, id desc limit :limit
) a
order by a.id desc limit :limit
