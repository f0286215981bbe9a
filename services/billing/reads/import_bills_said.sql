-- What each staged bill says, for a dry run: a hash of its number, of its terms, and of its lines.
create temporary table said_bill on commit drop as
select t.row_no, hashtextextended(t.bill_no, 0) as key,
  hashtextextended(concat_ws('|', t.period_first, t.period_end, t.issue_date, t.due_date, t.energy_kwh), 0) as terms, coalesce(l.lines, 0) as lines
from typed_bill t
left join (
  select row_no, hashtextextended(string_agg(format('%s|%s|%s|%s|%s', code, round(quantity, 3), unit, round(unit_price, 8), amount_minor), ';' order by line_no), 0) as lines
  from typed_line group by row_no
) l on l.row_no = t.row_no
