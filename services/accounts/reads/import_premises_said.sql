-- What some rows about the same premises say of building and door holds for those of their chunk that say nothing of it.
update staged_account s set building = coalesce(s.building, o.building), premises_print = coalesce(s.premises_print, o.premises_print)
from (
  select premises_no, (array_agg(building order by row_no) filter (where building is not null))[1] as building,
    (array_agg(premises_print order by row_no) filter (where premises_print is not null))[1] as premises_print
  from staged_account
  where premises_no in (select premises_no from staged_account group by premises_no having count(*) > 1)
  group by premises_no
) o
where o.premises_no = s.premises_no and (s.building is null and o.building is not null or s.premises_print is null and o.premises_print is not null)
returning s.row_no, s.premises_no
