-- What is known and not in the file, of all units. Served by pk_import_vanished and pk_unit.
select v.account_no, v.bill_no, v.open_minor, v.currency, u.code as unit
from import_vanished v
join unit u on u.id = v.unit_id
where v.run_id = :run_id and (v.account_no, v.bill_no) > (:after_account, :after_bill)
order by v.account_no, v.bill_no limit :limit
