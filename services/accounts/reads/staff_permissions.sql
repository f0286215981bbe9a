-- What a member of staff may do in some unit or other now. Served by uq_staff_grant_living (staff_id first) and primary keys.
select distinct p.permission
from staff_grant g
join staff s on s.id = g.staff_id and s.state = 'active'
join staff_role_permission p on p.role = g.role
where g.staff_id = :staff_id and g.revoked_at is null and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
