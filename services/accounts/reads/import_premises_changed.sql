-- One staged row of all premises that are new or differ, one that says something of the door where any does. Served by uq_premises_premises_no.
select coalesce(min(s.row_no) filter (where s.says_door), min(s.row_no)) as row_no, s.premises_no
from staged_account s left join premises p on p.premises_no = s.premises_no
where p.id is null or (p.fingerprint, p.district, p.street, p.building)
  is distinct from (coalesce(s.premises_print, p.fingerprint), s.district, s.street, coalesce(s.building, p.building))
group by s.premises_no
