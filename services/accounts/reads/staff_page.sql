-- A page of staff by name who have a grant where the reader may see staff, with the living roles and units that the reader may see. Of
-- somebody who has none there now, nor later, only until when they had: how they stand is not this reader's any more.
-- Served by ix_staff_grant_unit_id and pk_staff: nobody of other units is read; of the reader's own some thousand at most.
with seen as materialized (
  select unit_id from staff_units(:seen_by, 'staff.view', :now)
), shown as (
  select g.staff_id,
    coalesce(array_agg(distinct g.role) filter (where l.is_living), '{}') as roles,
    coalesce(array_agg(distinct u.name) filter (where l.is_living), '{}') as units,
    case when not bool_or(l.ended_at is null or l.ended_at > :now) then max(l.ended_at) end as left_at
  from staff_grant g
  join seen on seen.unit_id = g.unit_id
  join unit u on u.id = g.unit_id
  cross join lateral (
    select g.revoked_at is null and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now) as is_living,
      least(g.revoked_at, g.valid_to) as ended_at
  ) l
  group by g.staff_id
)
select s.id, s.name, s.display_name, case when left_at is null then s.state end as state,
  case when left_at is null then s.signed_in_at end as signed_in_at, shown.roles, shown.units, left_at
from shown
cross join lateral (select * from staff where id = shown.staff_id offset 0) s  -- one by one: by no means all of them
where s.name > :after
  and (cast(:state as text) = '' or s.state = :state and left_at is null)
  and (cast(:part as text) = '' or strpos(s.name, lower(:part)) > 0 or strpos(lower(s.display_name), lower(:part)) > 0)
order by s.name limit :limit
