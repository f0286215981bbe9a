-- Lines of the staged bills, one row each.
create temporary table typed_line on commit drop as
select s.row_no, l.line_no::smallint as line_no, c.id as code, nullif(p.part[2], '')::numeric(14,3) as quantity,
  case when p.part[2] <> '' then p.part[3] end as unit, nullif(p.part[4], '')::numeric(18,8) as unit_price, p.part[5]::bigint as amount_minor
from staged_bill s
cross join lateral string_to_table(s.lines, ';') with ordinality l (line, line_no)
cross join lateral (select string_to_array(l.line, '|') as part) p
left join bill_line_code c on c.code = p.part[1]
