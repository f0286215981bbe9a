-- Kept rejects of the reader's units by line. Each unit is asked for as many as the page holds, so that no row of another is read.
-- Served by ix_import_reject_unit_id per unit and pk_unit.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select j.row_no, j.field, j.reason, coalesce(u.name, '') as unit
from seen s
cross join lateral (
  select r.row_no, r.field, r.reason, r.unit_id
  from import_reject r
  -- A range of one unit, in the order of its index.
  where r.run_id = :run_id and r.unit_id between s.unit_id and s.unit_id
    and (cast(:field as text) = '' or r.field = :field)
    and (cast(:reason as text) = '' or r.reason = :reason)
    and (r.row_no, r.field) > (:after_row, :after_field)
  order by r.unit_id, r.row_no, r.field limit :limit
) j
left join unit u on u.id = j.unit_id
order by j.row_no, j.field limit :limit
