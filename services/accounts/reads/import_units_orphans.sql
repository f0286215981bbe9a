-- Staged units that found no place in the tree. Served by uq_unit_code.
select s.row_no, 'parent_code' as field, 'is no known unit' as reason
from staged_unit s left join unit u on u.code = s.code
where u.id is null
