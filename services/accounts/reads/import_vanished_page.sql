-- What of the reader's units is known and not in the file. Served by ix_import_vanished_unit_id and pk_unit.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select v.account_no, v.bill_no, v.open_minor, v.currency, u.name as unit
from import_vanished v
join unit u on u.id = v.unit_id
where v.run_id = :run_id and v.unit_id in (select unit_id from seen) and (v.account_no, v.bill_no) > (:after_account, :after_bill)
order by v.account_no, v.bill_no limit :limit
