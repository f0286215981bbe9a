-- One level of the tree: staged units whose parent is known (or that have none), and that are new or changed. Served by uq_unit_code.
insert into unit (code, parent_id, kind, name, path)
select s.code, up.id, s.kind, s.name, coalesce(up.path, '/') || s.code || '/'
from staged_unit s
left join unit up on up.code = s.parent_code
left join unit u on u.code = s.code
where (s.parent_code is null or up.id is not null) and (u.id is null or (u.kind, u.name) is distinct from (s.kind, s.name))
order by s.row_no
on conflict (code) do update set kind = excluded.kind, name = excluded.name
