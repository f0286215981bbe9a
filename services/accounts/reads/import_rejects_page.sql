-- Kept rejects of the reader's units by line. Served by ix_import_reject_unit_id and pk_unit.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select j.row_no, j.field, j.reason, coalesce(u.name, '') as unit
from import_reject j
left join unit u on u.id = j.unit_id
where j.run_id = :run_id and j.unit_id in (select unit_id from seen)
  and (cast(:field as text) = '' or j.field = :field)
  and (cast(:reason as text) = '' or j.reason = :reason)
  and (j.row_no, j.field) > (:after_row, :after_field)
order by j.row_no, j.field limit :limit
