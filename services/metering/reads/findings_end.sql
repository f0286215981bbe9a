-- End what is odd no more, of what was judged. Served by uq_reading_finding_open.
update reading_finding f set ended_at = :now
from unnest(cast(:accounts as bigint[]), cast(:firsts as date[]), cast(:lasts as date[])) j (account_id, first_day, last_day)
where f.account_id = j.account_id and f.ended_at is null
  and case f.kind
    when 'spike' then f.first_day between j.first_day and j.last_day + cast(:before_days as integer)
    when 'sums' then f.first_day <= j.last_day and f.last_day >= j.first_day
    else true end
  and not exists (
    select from finding_now n
    where n.account_id = f.account_id and n.kind = f.kind and n.meter_no = f.meter_no and n.channel = f.channel and n.first_day = f.first_day)
