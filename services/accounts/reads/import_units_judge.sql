-- Faults of staged units that one can see without the tree's order. Served by uq_unit_code and pk_unit.
select s.row_no, v.field, v.reason
from (select *, row_number() over (partition by code order by row_no) as nth from staged_unit) s
left join unit u on u.code = s.code
left join unit up on up.id = u.parent_id
cross join lateral (values
  ('code', 'must be 1 to 32 letters, digits or hyphens', coalesce(s.code, '') !~ '^[0-9A-Za-z-]{1,32}$'),
  ('code', 'stands twice in the file', s.nth > 1),
  ('kind', 'is none of province, city, branch, station', coalesce(s.kind, '') not in ('province', 'city', 'branch', 'station')),
  ('name', 'is missing or longer than 200 characters', coalesce(length(s.name), 0) not between 1 and 200),
  ('parent_code', 'differs from the parent this unit has: units do not move', u.id is not null and up.code is distinct from s.parent_code)
) v (field, reason, is_bad)
where v.is_bad
