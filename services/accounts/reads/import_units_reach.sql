-- Staged units that a program may not write, before anything is said of what is known: known ones must be of its units, new ones stand below one
-- that is, or below a new one that does. A known one of others is refused in one wording whatever the row says of it. A program adds no top unit.
-- Row by row, since a code may stand twice. Served by uq_unit_code and pk_unit.
with recursive reach as materialized (select unit_id from service_units(:program)),
own (row_no, code) as (
  select s.row_no, s.code from staged_unit s
  left join unit u on u.code = s.code
  left join unit up on up.code = s.parent_code
  where coalesce(u.id, up.id) in (select unit_id from reach)
  union
  select s.row_no, s.code from staged_unit s join own o on o.code = s.parent_code
  where not exists (select from unit u where u.code = s.code)
)
select s.row_no,
  case when u.id is null then 'parent_code' else 'code' end as field,
  case when u.id is not null then 'cannot be taken: ask the group''s data desk'
    when s.parent_code is null then 'is missing: a program adds no top unit'
    else 'is no known unit' end as reason
from staged_unit s left join unit u on u.code = s.code
where s.code is not null and s.row_no not in (select row_no from own)
