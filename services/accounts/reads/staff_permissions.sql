-- What a member of staff may do in some unit or other now, and whether in every one: at all tops of the tree.
-- Served by uq_staff_grant_living (staff_id first) and primary keys; tops of the tree are few, and so are units beside what grows.
select p.permission,
  count(distinct g.unit_id) filter (where u.parent_id is null) = (select count(*) from unit where parent_id is null) as is_everywhere
from staff_grant g
join staff s on s.id = g.staff_id and s.state = 'active'
join staff_role_permission p on p.role = g.role
join unit u on u.id = g.unit_id
where g.staff_id = :staff_id and g.revoked_at is null and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
group by p.permission
