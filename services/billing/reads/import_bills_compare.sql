-- Known bills whose lines are others now. Served by pk_bill_line.
update typed_bill s set has_new_lines = true
from (
  select t.row_no, t.account_id, t.bill_id,
    string_agg(format('%s|%s|%s|%s|%s', l.code, round(l.quantity, 3), l.unit, round(l.unit_price, 8), l.amount_minor), ';' order by l.line_no) as content
  from typed_bill t left join typed_line l on l.row_no = t.row_no
  where t.bill_id is not null and not t.has_bad_line and t.sum_minor is not null group by t.row_no, t.account_id, t.bill_id
  union all
  select row_no, account_id, bill_id, null from typed_bill where bill_id is not null and sum_minor is null
) n
left join lateral (
  select string_agg(format('%s|%s|%s|%s|%s', l.code, l.quantity, l.unit, l.unit_price, l.amount_minor), ';' order by l.line_no) as content
  from bill_line l where l.account_id = n.account_id and l.bill_id = n.bill_id
) k on true
where s.row_no = n.row_no and k.content is distinct from n.content
