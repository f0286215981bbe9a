-- How many dry runs wait for somebody's sign-off, up to :limit: where they may sign in every unit that the run touches; what names no unit, or
-- touches none, is for who may everywhere. However many files and pushes came since, dry runs alone are read, and those of the reader's units:
-- ix_import_total_dry, pk_import_total; for who may everywhere ix_import_run_dry.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now) where not cast(:sees_all as boolean)
), dry as materialized (
  select distinct t.run_id as id
  from seen s cross join lateral (
    select t.run_id from import_total t where t.is_dry and t.unit_id = s.unit_id order by t.run_id offset 0
  ) t
  union all
  select id from import_run
  where cast(:sees_all as boolean) and mode = 'check' and finished_at is not null and signed_off_id is null
)
select count(*) from (
  select from dry d cross join lateral (
    select from import_run r
    where r.id = d.id and r.finished_at is not null and r.signed_off_id is null
    offset 0
  ) r
  where not exists (select from import_sign_off o where o.run_id = d.id)
    and (cast(:sees_all as boolean)
      or not exists (select from import_total t where t.run_id = d.id and t.unit_id not in (select unit_id from seen)))
  limit :limit
) waiting
