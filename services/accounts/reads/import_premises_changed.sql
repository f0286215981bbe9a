-- One staged row of all premises that are new or differ. Served by uq_premises_premises_no.
select min(s.row_no) as row_no
from staged_account s left join premises p on p.premises_no = s.premises_no
where p.id is null
  or (p.fingerprint, p.district, p.street, p.building) is distinct from (s.premises_print, s.district, s.street, coalesce(s.building, ''))
group by s.premises_no
