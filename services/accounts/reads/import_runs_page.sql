-- A page of the runs that touch units where somebody may read of imports, the latest first, with the sums of those units alone: of each unit as many
-- as the page holds, so that a station's reader reads no row of another. Who may everywhere sees runs before they have met a unit.
-- Served by ix_import_total_unit_id per unit, pk_import_run backwards, and primary keys.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
), page as (
  select r.id
  from seen s
  cross join lateral (
    select r.*
    from import_total t
    -- The fence keeps the planner from looking for runs first: those of all other units would be passed.
    cross join lateral (select * from import_run r where r.id = t.run_id offset 0) r
    where t.unit_id = s.unit_id
      and (cast(:before_id as bigint) is null or t.run_id < cast(:before_id as bigint))
      and (cast(:kind as text) = '' or r.kind = :kind)
      and (cast(:sender as text) = '' or starts_with(r.actor, 'service:') = (cast(:sender as text) = 'program'))
      and case cast(:state as text) when 'running' then r.finished_at is null when 'ended' then r.finished_at is not null
        when 'unsigned' then r.mode = 'check' and r.finished_at is not null and r.signed_off_id is null
          and not exists (select from import_sign_off o where o.run_id = r.id)
        when 'signed' then exists (select from import_sign_off o where o.run_id = r.id) else true end
      and (cast(:since as timestamptz) is null or r.started_at >= cast(:since as timestamptz))
      and (cast(:until as timestamptz) is null or r.started_at < cast(:until as timestamptz))
    order by t.run_id desc limit :limit
  ) r
  where not cast(:sees_all as boolean)
  union
  (
    select r.id
    from import_run r
    where cast(:sees_all as boolean)
      and (cast(:before_id as bigint) is null or r.id < cast(:before_id as bigint))
      and (cast(:kind as text) = '' or r.kind = :kind)
      and (cast(:sender as text) = '' or starts_with(r.actor, 'service:') = (cast(:sender as text) = 'program'))
      and case cast(:state as text) when 'running' then r.finished_at is null when 'ended' then r.finished_at is not null
        when 'unsigned' then r.mode = 'check' and r.finished_at is not null and r.signed_off_id is null
          and not exists (select from import_sign_off o where o.run_id = r.id)
        when 'signed' then exists (select from import_sign_off o where o.run_id = r.id) else true end
      and (cast(:since as timestamptz) is null or r.started_at >= cast(:since as timestamptz))
      and (cast(:until as timestamptz) is null or r.started_at < cast(:until as timestamptz))
    order by r.id desc limit :limit
  )
  order by id desc limit :limit
)
select r.id, r.kind, r.mode = 'check' as is_check, r.is_full, r.scope, r.file_name, r.actor, k.name as program, r.started_at, r.finished_at, r.signed_off_id,
  f.display_name as signed_by, o.signed_at, t.new, t.changed, t.unchanged, t.rejected, t.vanished, false as is_covered,
  r.file_digest, r.file_bytes
from page
join import_run r on r.id = page.id
left join import_sign_off o on o.run_id = r.id
left join staff f on f.id = o.staff_id
left join service_client k on k.id = case when starts_with(r.actor, 'service:') then substr(r.actor, 9)::uuid end
cross join lateral (
  select coalesce(sum(t.rows_new), 0)::bigint as new, coalesce(sum(t.rows_changed), 0)::bigint as changed,
    coalesce(sum(t.rows_unchanged), 0)::bigint as unchanged, coalesce(sum(t.rows_rejected), 0)::bigint as rejected,
    coalesce(sum(t.vanished), 0)::bigint as vanished
  from import_total t
  where t.run_id = r.id and t.unit_id in (select unit_id from seen)
) t
order by r.id desc
