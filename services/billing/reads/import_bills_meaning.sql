-- Well-formed bills that contradict themselves or what is known.
select s.row_no, v.field, v.reason
from typed_bill s
left join (select bill_no, min(row_no) as first_row_no from typed_bill group by bill_no having count(*) > 1) t on t.bill_no = s.bill_no
cross join lateral (values
  ('account_no', 'is no known account', s.account_id is null),
  ('bill_no', 'stands twice in the file', s.row_no > t.first_row_no),
  ('bill_no', 'is cancelled', s.known_state = 'cancelled'),
  ('period_end', 'must be after period_first', s.period_end <= s.period_first),
  ('due_date', 'lies before issue_date', s.due_date < s.issue_date),
  ('open_minor', 'is more than amount_minor', s.open_minor > s.amount_minor),
  ('open_minor', 'must be 0 or empty for a settled bill', not s.is_open and s.open_minor > 0),
  ('open_minor', 'is 0: say settled', s.is_open and s.open_minor = 0 and s.amount_minor > 0),
  ('lines', 'are missing: an open bill is posted by its lines', s.is_open and s.open_minor = s.amount_minor and s.amount_minor > 0 and s.sum_minor is null),
  ('lines', 'do not add up to amount_minor', s.sum_minor <> s.amount_minor),
  ('lines', 'have a code that is not documented, a number that is too long, or more than 200 lines', s.has_bad_line),
  ('state', 'is open, but this bill came as settled history', s.is_open and s.origin = 'history' and s.amount_minor > 0),
  ('state', 'is settled, but the bill is open here: its payment settles it, no file', not s.is_open and s.known_state = 'issued'),
  ('amount_minor', 'lies in an opening balance and cannot change', s.origin = 'opening' and s.amount_minor <> s.known_amount_minor)
) v (field, reason, is_bad)
where v.is_bad
