-- Lines of new bills and of those with new lines. A new bill is one without a known amount.
insert into bill_line (account_id, bill_id, line_no, code, quantity, unit, unit_price, amount_minor)
select s.account_id, s.bill_id, l.line_no, l.code, l.quantity, l.unit, l.unit_price, l.amount_minor
from typed_bill s join typed_line l on l.row_no = s.row_no
where s.known_amount_minor is null or s.has_new_lines
order by s.account_id, s.bill_id, l.line_no
