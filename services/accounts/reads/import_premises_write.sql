-- New and changed premises.
insert into premises (premises_no, district, street, building, door_sealed, fingerprint)
select distinct on (k.premises_no) k.premises_no, s.district, s.street, coalesce(s.building, ''), k.door_sealed, s.premises_print
from sealed_premises k join staged_account s on s.premises_no = k.premises_no
order by k.premises_no
on conflict (premises_no) do update set district = excluded.district, street = excluded.street, building = excluded.building,
  door_sealed = excluded.door_sealed, fingerprint = excluded.fingerprint
