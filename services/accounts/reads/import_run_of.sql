-- One run with the sums of the units where somebody may read of imports, if it touches any of them. Served by pk_import_run and pk_import_total.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select r.id, r.kind, r.mode = 'check' as is_check, r.is_full, r.scope, r.file_name, r.actor, k.name as program, r.started_at, r.finished_at, r.signed_off_id,
  f.display_name as signed_by, o.signed_at, t.new, t.changed, t.unchanged, t.rejected, t.vanished,
  not exists (select from import_total x where x.run_id = r.id and x.unit_id not in (select unit_id from seen)) as is_covered,
  r.file_digest, r.file_bytes
from import_run r
left join import_sign_off o on o.run_id = r.id
left join staff f on f.id = o.staff_id
left join service_client k on k.id = case when starts_with(r.actor, 'service:') then substr(r.actor, 9)::uuid end
cross join lateral (
  select count(*) as units, coalesce(sum(t.rows_new), 0)::bigint as new, coalesce(sum(t.rows_changed), 0)::bigint as changed,
    coalesce(sum(t.rows_unchanged), 0)::bigint as unchanged, coalesce(sum(t.rows_rejected), 0)::bigint as rejected,
    coalesce(sum(t.vanished), 0)::bigint as vanished
  from import_total t
  where t.run_id = r.id and t.unit_id in (select unit_id from seen)
) t
where r.id = :run_id and (t.units > 0 or cast(:sees_all as boolean))
