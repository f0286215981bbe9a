-- How many dry runs wait for somebody's sign-off, up to :limit, among the latest runs of each of their units, so that those of others neither hide
-- nor cost anything: where they may sign in every unit that the run touches; what names no unit, or touches none, is for who may everywhere, among
-- the latest of all. Served by ix_import_total_unit_id per unit, pk_import_run and pk_import_total.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
), latest as materialized (
  select r.id, r.mode, r.finished_at, r.signed_off_id
  from (
    select t.run_id
    from seen s
    cross join lateral (select run_id from import_total where unit_id = s.unit_id order by run_id desc limit :latest) t
    where not cast(:sees_all as boolean)
    union
    (select id from import_run where cast(:sees_all as boolean) order by id desc limit :latest)
  ) n (id)
  cross join lateral (select * from import_run where id = n.id offset 0) r  -- one by one: by no means all of them
)
select count(*) from (
  select from latest r
  where r.mode = 'check' and r.finished_at is not null and r.signed_off_id is null
    and not exists (select from import_sign_off o where o.run_id = r.id)
    and case when exists (select from import_total t where t.run_id = r.id)
      then not exists (select from import_total t where t.run_id = r.id and t.unit_id not in (select unit_id from seen))
      else cast(:sees_all as boolean) end
  limit :limit
) waiting
