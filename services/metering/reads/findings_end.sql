-- End what is odd no more, or lies before what is judged. Served by uq_reading_finding_open.
update reading_finding f set ended_at = :now
where f.account_id between :first_account and :last_account and f.ended_at is null
  and not exists (
    select from finding_now n
    where n.account_id = f.account_id and n.kind = f.kind and n.meter_no = f.meter_no and n.channel = f.channel and n.first_day = f.first_day)
