-- The items of one bill. Served by pk_bill_line, pk_bill_line_code and pk_account.
select l.line_no, c.code, l.quantity, l.unit, l.unit_price, l.amount_minor, a.currency
from bill_line l join bill_line_code c on c.id = l.code join account a on a.id = l.account_id
where l.account_id = :account_id and l.bill_id = :bill_id
order by l.line_no
