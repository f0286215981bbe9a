-- What each staged unit would do. Served by uq_unit_code.
select s.row_no, case when u.id is null then 'new' when (u.kind, u.name) is distinct from (s.kind, s.name) then 'changed' else 'unchanged' end as what
from staged_unit s left join unit u on u.code = s.code
