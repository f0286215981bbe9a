-- Readings of registers that cannot be taken. A fault is a sentence that begins with its field.
select s.row_no, split_part(f.fault, ' ', 1) as field, substr(f.fault, strpos(f.fault, ' ') + 1) as reason
from (
  select s.row_no, array_remove(array[
    case when not s.is_known then 'meter_no is no known meter' end,
    case when s.is_known and s.account_id is null then 'meter_no is a meter that was at no account on this day' end,
    case when s.accounts > 1 then 'meter_no is a meter that two accounts say they had on this day' end,
    case when s.read_at > :now then 'read_at lies in the future' end,
    case when s.read_at < cast(:oldest as date) then 'read_at is older than readings are taken' end,
    case when s.digits <> s.known_digits then 'digits differs from what is known of this register' end,
    case when s.multiplier <> s.known_multiplier then 'multiplier differs from what is known of this register' end,
    case when s.value >= power(10::numeric, s.known_digits) * 1000000 then 'value has more digits than the register' end
  ], null) as faults
  from met_register s
) s cross join unnest(s.faults) f (fault)
where s.faults <> '{}'
