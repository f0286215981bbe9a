-- Which member of staff a cookie belongs to; notes its use when the last note is old. Served by uq_staff_session_cookie_hash and pk_staff.
with found as (
  select f.id, f.staff_id, f.last_used_at, f.stepped_up_at, f.idle_until, f.expires_at, s.name, s.display_name
  from staff_session f
  join staff s on s.id = f.staff_id and s.state = 'active'
  where f.cookie_hash = :hash and f.ended_at is null and f.idle_until > :now
), touched as (
  update staff_session f
  set last_used_at = :now, idle_until = least(f.expires_at, :idle_until)
  from found
  where f.id = found.id and found.last_used_at <= :stale
)
select id, staff_id, stepped_up_at, name, display_name, expires_at,
  case when last_used_at <= :stale then least(expires_at, :idle_until) else idle_until end as ends_at
from found
