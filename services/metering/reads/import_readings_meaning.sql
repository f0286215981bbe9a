-- Intervals that cannot be taken. A fault is a sentence that begins with its field; of one record each field is told once.
select s.row_no, split_part(f.fault, ' ', 1) as field, min(substr(f.fault, strpos(f.fault, ' ') + 1)) as reason
from (
  select s.row_no, array_remove(array[
    case when not s.is_known then 'meter_no is no known meter' end,
    case when s.is_known and s.account_id is null then 'meter_no is a meter that was at no account on this day' end,
    case when s.accounts > 1 then 'meter_no is a meter that two accounts say they had on this day' end,
    case when s.minutes not in (15, 30, 60) then 'minutes is none of 15, 30, 60' end,
    case when s.minutes <> s.day_minutes then 'minutes is another length of interval than this meter has on this day' end,
    case when s.minute % s.minutes <> 0 or s.start + make_interval(mins => s.minutes) > s.ends then 'start is not the beginning of an interval' end,
    case when s.start + make_interval(mins => s.minutes) > :now then 'start lies in the future' end,
    case when s.day < :oldest then 'start is older than readings are taken' end,
    case when s.energy is null and s.quality <> 'm' then 'kwh is missing' end,
    case when s.energy is not null and s.quality = 'm' then 'kwh must be empty where the reading is missing' end
  ], null) as faults
  from typed_interval s
) s cross join unnest(s.faults) f (fault)
where s.faults <> '{}'
group by s.row_no, split_part(f.fault, ' ', 1)
