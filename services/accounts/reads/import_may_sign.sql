-- Whether somebody may sign in every unit that a run touches; what names no unit, or touches none, is for who may everywhere.
-- Served by pk_import_total.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select case when exists (select from import_total where run_id = :run_id)
  then not exists (select from import_total where run_id = :run_id and unit_id not in (select unit_id from seen))
  else cast(:sees_all as boolean) end
