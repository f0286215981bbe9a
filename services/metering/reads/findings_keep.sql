-- Note what is odd now: what is noted already stays the same finding, and says what it is now. Of several from one day on it is the longest. What was
-- dismissed stays so as long as the same was found. Served by uq_reading_finding_open.
insert into reading_finding as f (account_id, kind, meter_no, channel, first_day, last_day, found, expected, found_at)
select distinct on (account_id, kind, meter_no, channel, first_day)
  account_id, kind, meter_no, channel, first_day, last_day, found, expected, :now
from finding_now
order by account_id, kind, meter_no, channel, first_day, last_day desc, found desc
on conflict (account_id, kind, meter_no, channel, first_day) where ended_at is null
do update set last_day = excluded.last_day, found = excluded.found, expected = excluded.expected,
  dismissed_at = case when f.found = excluded.found then f.dismissed_at end,
  dismissed_by = case when f.found = excluded.found then f.dismissed_by end,
  dismissed_why = case when f.found = excluded.found then f.dismissed_why end
where (f.last_day, f.found, f.expected) is distinct from (excluded.last_day, excluded.found, excluded.expected)
