-- What is wrong with the kept rejects of the reader's units. Each unit is asked for its own, so that no row of another is read.
-- Served by ix_import_reject_unit_id per unit.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select j.field, j.reason, count(*) as rows
from seen s
cross join lateral (
  -- A range of one unit, in the order of its index.
  select field, reason from import_reject where run_id = :run_id and unit_id between s.unit_id and s.unit_id order by unit_id, row_no, field offset 0
) j
group by j.field, j.reason
order by rows desc, j.field, j.reason limit 50
