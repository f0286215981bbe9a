-- Staff by name who have a grant, living or over, where the reader may read the audit log: all, or those who are called like this.
-- Served by ix_staff_grant_unit_id and pk_staff: nobody of other units is read.
with seen as materialized (
  select unit_id from staff_units(:seen_by, 'audit.view', :now)
), shown as (
  select distinct g.staff_id
  from seen
  cross join lateral (select staff_id from staff_grant where unit_id = seen.unit_id offset 0) g  -- unit by unit: by no means all of them
)
select s.id, s.name, s.display_name
from shown
cross join lateral (select * from staff where id = shown.staff_id offset 0) s  -- one by one: by no means all of them
where (cast(:text as text) = '' or s.name = lower(:text) or lower(s.display_name) = lower(:text))
  and (cast(:staff_id as uuid) is null or s.id = :staff_id)
order by s.name limit :limit
