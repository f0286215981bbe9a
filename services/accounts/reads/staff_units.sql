-- Units in which a member of staff may do something, in the order of the tree. Reads the whole tree, some thousand rows at most; grants are
-- served by uq_staff_grant_living.
select u.id, u.code, u.name, cardinality(string_to_array(u.path, '/')) - 3 as depth
from unit u
join staff_units(:staff_id, :permission, :now) s on s.unit_id = u.id
order by u.path limit :limit
