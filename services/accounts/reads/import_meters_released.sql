-- Meters that staged rows take from their accounts. Served by uq_account_account_no and ix_meter_account_id.
select m.id
from staged_account s
join account a on a.account_no = s.account_no
join meter m on m.account_id = a.id and m.removed_on is null
where m.meter_no <> s.meter_no
