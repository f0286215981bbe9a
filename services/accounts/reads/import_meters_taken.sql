-- Staged rows whose meter is at another account, unless a row of that one says that it has another meter now, or none; in a dry run an earlier
-- chunk may have said so. Asked again until nothing is found: a row that is taken out releases no meter.
-- Served by uq_meter_present, pk_account and pk_import_seen.
select s.row_no, 'meter_no' as field, 'belongs to another account' as reason
from staged_account s
join meter m on m.meter_no = s.meter_no and m.removed_on is null
join account o on o.id = m.account_id
where o.account_no <> s.account_no
  and not exists (select from staged_account t where t.account_no = o.account_no and t.meter_no <> s.meter_no)
  and not exists (select from import_seen z where z.run_id = :run_id and z.kind = 'meter' and z.key = m.id)
