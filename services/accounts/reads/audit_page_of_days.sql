-- The same of some days, in the order of the time that is asked for: numbers are given when an act is written, times when its transaction began,
-- so that by numbers the log would have to be read from its end. Served by ix_audit_recorded_at, or as the other is.
select a.id, a.recorded_at, a.actor, a.act, a.subject, a.address, u.name as unit, a.before, a.after
from audit a
left join unit u on u.id = a.unit_id
where (cast(:since as timestamptz) is null or a.recorded_at >= cast(:since as timestamptz))
  and (cast(:until as timestamptz) is null or a.recorded_at < cast(:until as timestamptz))
  and (cast(:before_id as bigint) is null
    or (a.recorded_at, a.id) < (select b.recorded_at, b.id from audit b where b.id = cast(:before_id as bigint)))
  and (cast(:actor as text) = '' or a.actor = :actor)
  and (cast(:act as text) = '' or a.act = :act)
  and (cardinality(cast(:subjects as text[])) = 0 or a.subject = any(cast(:subjects as text[])))
order by a.recorded_at desc, a.id desc limit :limit
