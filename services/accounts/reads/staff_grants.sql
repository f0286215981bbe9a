-- One grant by id, or those of one person, all of them or those in units where the reader may see staff. Served by pk_staff_grant or
-- ix_staff_grant_staff_id, and pk_unit.
select g.id, g.staff_id, g.role, g.unit_id, u.code as unit_code, u.name as unit_name, g.valid_from, g.valid_to, g.granted_by, g.revoked_at
from staff_grant g
join unit u on u.id = g.unit_id
where (g.id = cast(:grant_id as uuid) or g.staff_id = cast(:staff_id as uuid))
  and (cast(:seen_by as uuid) is null
    or exists (select from staff_units(cast(:seen_by as uuid), 'staff.view', cast(:now as timestamptz)) s where s.unit_id = g.unit_id))
order by g.revoked_at is not null, g.id desc
