-- The counts of units on one day, each with all below it: of one unit (`is_itself`) and of those right under it, as far as a member of staff may
-- view accounts there. Without :unit_path, of the topmost units where they may. Served by uq_unit_path and pk_unit_quality; some thousand units.
with mine as materialized (
  select u.id, u.code, u.name, u.path, u.parent_id from unit u join staff_units(:staff_id, 'accounts.view', :now) s on s.unit_id = u.id
), wanted as (
  select m.*, m.path is not distinct from cast(:unit_path as text) as is_itself
  from mine m
  where case when cast(:unit_path as text) is null then not exists (select from mine p where p.id = m.parent_id)
    else m.path = cast(:unit_path as text) or m.parent_id = (select p.id from mine p where p.path = cast(:unit_path as text)) end
)
select w.code, w.name, w.is_itself, coalesce(sum(q.accounts), 0)::bigint as accounts, coalesce(sum(q.level1_whole), 0)::bigint as level1_whole,
  coalesce(sum(q.level2_expected), 0)::bigint as level2_expected, coalesce(sum(q.level2_met), 0)::bigint as level2_met,
  coalesce(sum(q.fresh), 0)::bigint as fresh
from wanted w
join mine b on b.path >= w.path and b.path < left(w.path, -1) || '0'
left join unit_quality q on q.unit_id = b.id and q.day = :day
group by w.code, w.name, w.path, w.is_itself
order by w.is_itself desc, w.path
