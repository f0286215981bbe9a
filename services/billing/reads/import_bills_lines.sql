-- Lines of the staged bills, one row each, with numbers as wide as the file has them; `is_bad` when a column could not hold one.
-- Served by uq_bill_line_code_code.
create temporary table typed_line on commit drop as
select t.*, t.quantity not between -99999999999 and 99999999999 or t.unit_price not between -9999999999 and 9999999999
    or t.amount_minor not between -999999999999999 and 999999999999999 or length(t.unit) > 16 or t.line_no > 200 or t.code is null as is_bad
from (
  select s.row_no, l.line_no, c.id as code, nullif(p.part[2], '')::numeric as quantity, case when p.part[2] <> '' then p.part[3] end as unit,
    nullif(p.part[4], '')::numeric as unit_price, p.part[5]::numeric as amount_minor
  from staged_bill s
  cross join lateral string_to_table(s.lines, ';') with ordinality l (line, line_no)
  -- The fence keeps the planner from splitting a line once per field.
  cross join lateral (select string_to_array(l.line, '|') as part offset 0) p
  left join bill_line_code c on c.code = p.part[1]
) t
