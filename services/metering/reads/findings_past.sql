-- End what lies before all that is judged, and what took nothing and is not there any more: the days alone make it so. Served by uq_reading_finding_open,
-- uq_meter_present and pk_account.
update reading_finding f set ended_at = :now
where f.account_id between :first_account and :last_account and f.ended_at is null
  and (f.first_day < cast(:since as date) or f.kind = 'zeros' and not exists (
    select from meter m join account a on a.id = m.account_id
    where m.meter_no = f.meter_no and m.account_id = f.account_id and m.removed_on is null and a.state <> 'closed'))
