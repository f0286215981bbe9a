-- Whether :by manages staff in each unit where :staff_id holds a role now or later, and holds there all that the role allows.
-- Served by uq_staff_grant_living and primary keys.
select not exists (
  select
  from staff_grant g
  where g.staff_id = :staff_id and g.revoked_at is null and (g.valid_to is null or g.valid_to > :now)
    and (
      not exists (select from staff_units(:by, 'staff.manage', :now) u where u.unit_id = g.unit_id)
      or exists (
        select
        from staff_role_permission p
        where p.role = g.role and not exists (select from staff_units(:by, p.permission, :now) u where u.unit_id = g.unit_id)
      )
    )
)
