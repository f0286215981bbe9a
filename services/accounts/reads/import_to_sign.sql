-- How many dry runs wait for somebody's sign-off, up to :limit: where they may sign in every unit that the run touches; what names no unit, or
-- touches none, is for who may everywhere. However many files and pushes came since, dry runs alone are read: ix_import_run_dry, pk_import_total.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select count(*) from (
  select from import_run r
  where r.mode = 'check' and r.finished_at is not null and r.signed_off_id is null
    and not exists (select from import_sign_off o where o.run_id = r.id)
    and case when exists (select from import_total t where t.run_id = r.id)
      then not exists (select from import_total t where t.run_id = r.id and t.unit_id not in (select unit_id from seen))
      else cast(:sees_all as boolean) end
  limit :limit
) waiting
