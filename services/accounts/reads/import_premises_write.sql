-- New and changed premises. A door of which nothing is said, or nothing new, stays as it is sealed. Served by uq_premises_premises_no.
insert into premises (premises_no, district, street, building, door_sealed, fingerprint)
select distinct on (k.premises_no) k.premises_no, s.district, s.street, coalesce(s.building, p.building, ''), k.door_sealed,
  coalesce(s.premises_print, p.fingerprint, k.fingerprint)
from sealed_premises k
join staged_account s on s.premises_no = k.premises_no
left join premises p on p.premises_no = k.premises_no
order by k.premises_no
on conflict (premises_no) do update set district = excluded.district, street = excluded.street, building = excluded.building,
  door_sealed = case when premises.fingerprint = excluded.fingerprint then premises.door_sealed else excluded.door_sealed end,
  fingerprint = excluded.fingerprint
