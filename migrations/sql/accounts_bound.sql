-- Whose requests a member of staff does not decide about, themselves among them. A person is taken to be in the hands of whoever was told the
-- address through which they joined, or set anew what they sign in with, and of whoever granted a role that lets them decide; and so on from hand
-- to hand. Nobody decides for those whose hands they are in, nor for those whose address they, or anybody in their hands, were told: one alone
-- could be both. Nobody is told the addresses of the command line, and nobody grants there. Served by pk_staff, uq_staff_grant_living,
-- ix_staff_invited_by and ix_staff_reset_by.
create or replace function staff_bound(p_staff uuid, p_now timestamptz default now())
returns table (staff_id uuid) language sql stable parallel safe as $$
  with recursive makers (id) as (
    select p_staff
    union
    select m.id
    from makers x
    cross join lateral (
      select unnest(array[s.invited_by, s.reset_by]) from staff s where s.id = x.id
      union all
      select g.granted_by
      from staff_grant g
      where g.staff_id = x.id and g.revoked_at is null and (g.valid_to is null or g.valid_to > p_now)
        and exists (select from staff_role_permission p where p.role = g.role and p.permission like '%.approve')
    ) m (id)
    where m.id is not null
  ), made (id) as (
    select p_staff
    union
    select m.id
    from made x
    cross join lateral (
      select s.id from staff s where s.invited_by = x.id
      union all
      select s.id from staff s where s.reset_by = x.id
    ) m
  )
  select id from makers union select id from made
$$;
