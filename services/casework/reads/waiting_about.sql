-- The oldest open request about a subject, with who asked. Served by uq_approval_request_open and pk_staff.
select r.id, r.kind, s.display_name, r.requested_at, r.expires_at
from approval_request r
join staff s on s.id = r.requested_by
where r.subject = :subject and r.state = 'requested' and r.expires_at > :now
order by r.id limit 1
