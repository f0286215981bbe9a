-- What of the reader's units is known and not in the file. Each unit is asked for as many as the page holds, so that no row of another is read.
-- Served by ix_import_vanished_unit_id per unit and pk_unit.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select v.account_no, v.bill_no, v.open_minor, v.currency, u.name as unit
from seen s
cross join lateral (
  select g.account_no, g.bill_no, g.open_minor, g.currency, g.unit_id
  from import_vanished g
  -- A range of one unit, in the order of its index.
  where g.run_id = :run_id and g.unit_id between s.unit_id and s.unit_id and (g.account_no, g.bill_no) > (:after_account, :after_bill)
  order by g.unit_id, g.account_no, g.bill_no limit :limit
) v
join unit u on u.id = v.unit_id
order by v.account_no, v.bill_no limit :limit
