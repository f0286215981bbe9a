-- Whether :by manages staff in a unit now, and holds there all that a role allows now and at the end of the grant (`infinity`: for ever).
-- Served by uq_staff_grant_living and primary keys.
select
  exists (select from staff_units(:by, 'staff.manage', :now) u where u.unit_id = cast(:unit_id as integer)) as manages,
  not exists (
    select
    from staff_role_permission p
    cross join (values (cast(:now as timestamptz)),
      (coalesce(cast(:valid_to as timestamptz) - interval '1 microsecond', 'infinity'))) t (moment)
    where p.role = :role
      and not exists (select from staff_units(:by, p.permission, t.moment) u where u.unit_id = cast(:unit_id as integer))
  ) as holds_as_much
