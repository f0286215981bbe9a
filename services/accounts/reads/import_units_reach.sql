-- Staged units that a program may not write: known ones must be of its units, new ones stand below one that is, or below a new one that does.
-- A program adds no top unit. Served by uq_unit_code and pk_unit.
with recursive reach as materialized (select unit_id from service_units(:program)),
own (code) as (
  select s.code from staged_unit s
  left join unit u on u.code = s.code
  left join unit up on up.code = s.parent_code
  where coalesce(u.id, up.id) in (select unit_id from reach)
  union
  select s.code from staged_unit s join own o on o.code = s.parent_code
  where not exists (select from unit u where u.code = s.code)
)
select s.row_no,
  case when u.id is null then 'parent_code' else 'code' end as field,
  case when u.id is not null then 'is no unit of this program'
    when s.parent_code is null then 'is missing: a program adds no top unit'
    else 'is no known unit' end as reason
from staged_unit s left join unit u on u.code = s.code
where s.code not in (select code from own)
