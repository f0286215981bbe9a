-- Meters that are not known yet. A meter that was taken away stays on record. Served by uq_account_account_no and uq_meter_meter_no.
insert into meter (meter_no, account_id)
select s.meter_no, a.id
from staged_account s join account a on a.account_no = s.account_no
where s.meter_no is not null and not exists (select from meter m where m.meter_no = s.meter_no)
order by s.meter_no
