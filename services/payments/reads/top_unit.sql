-- The first unit without one above it in which a member of staff may do something. Served by the units, of which few have none above them.
select u.id from unit u
where u.parent_id is null and u.id in (select unit_id from staff_units(:staff_id, :permission, :now))
order by u.id limit 1
