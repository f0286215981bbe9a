-- The ids of new bills. Served by uq_bill_bill_no.
update typed_bill s set bill_id = b.id
from bill b where s.bill_id is null and b.account_id = s.account_id and b.bill_no = s.bill_no
