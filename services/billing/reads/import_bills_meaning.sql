-- Well-formed bills that contradict themselves or what is known.
-- A fault is a sentence that begins with its field; an array of them costs half of what a row each would.
select s.row_no, split_part(f.fault, ' ', 1) as field, substr(f.fault, strpos(f.fault, ' ') + 1) as reason
from (
  select s.row_no, array_remove(array[
    case when s.account_id is null then 'account_no is no known account' end,
    case when s.row_no > t.first_row_no then 'bill_no stands twice in the file' end,
    case when s.known_state = 'cancelled' then 'bill_no is cancelled' end,
    case when s.period_first >= s.native_from then 'period_first lies on or after the day from which this account is billed here' end,
    case when s.period_end <= s.period_first then 'period_end must be after period_first' end,
    case when s.due_date < s.issue_date then 'due_date lies before issue_date' end,
    case when s.open_minor > s.amount_minor then 'open_minor is more than amount_minor' end,
    case when not s.is_open and s.open_minor > 0 then 'open_minor must be 0 or empty for a settled bill' end,
    case when s.is_open and s.open_minor = 0 and s.amount_minor > 0 then 'open_minor is 0: say settled' end,
    case when s.is_open and s.open_minor = s.amount_minor and s.amount_minor > 0 and s.sum_minor is null then 'lines are missing: an open bill is posted by its lines' end,
    case when s.sum_minor <> s.amount_minor then 'lines do not add up to amount_minor' end,
    case when s.has_bad_line then 'lines have a code that is not documented, a number that is too long, or more than 200 lines' end,
    case when s.is_open and s.origin = 'history' and s.amount_minor > 0 then 'state is open, but this bill came as settled history' end,
    case when not s.is_open and s.known_state = 'issued' then 'state is settled, but the bill is open here: its payment settles it, no file' end,
    case when s.origin = 'opening' and s.amount_minor <> s.known_amount_minor then 'amount_minor lies in an opening balance and cannot change' end
  ], null) as faults
  from typed_bill s
  left join (select bill_no, min(row_no) as first_row_no from typed_bill group by bill_no having count(*) > 1) t on t.bill_no = s.bill_no
) s cross join unnest(s.faults) f (fault)
where s.faults <> '{}'
