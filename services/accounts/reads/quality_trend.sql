-- The counts of a unit with all below it by day, the latest first, as far as a member of staff may view accounts there. Days that are still being
-- counted are left out. Served by uq_unit_path, pk_quality_round and pk_unit_quality.
select q.day, sum(q.accounts)::bigint as accounts, sum(q.level1_whole)::bigint as level1_whole, sum(q.level2_expected)::bigint as level2_expected,
  sum(q.level2_met)::bigint as level2_met, sum(q.fresh)::bigint as fresh
from quality_round r
join unit_quality q on q.day = r.day
join unit u on u.id = q.unit_id
join staff_units(:staff_id, 'accounts.view', :now) s on s.unit_id = u.id
where r.next_from is null and r.day > cast(:today as date) - cast(:days as integer)
  and (cast(:unit_path as text) is null or u.path >= cast(:unit_path as text) and u.path < left(cast(:unit_path as text), -1) || '0')
group by q.day
order by q.day desc
