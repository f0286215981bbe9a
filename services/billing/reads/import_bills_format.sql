-- Fields whose form is wrong. What passes may be cast by the statements that follow.
select s.row_no, v.field, v.reason
from staged_bill s
cross join lateral (values
  ('account_no', 'is missing', s.account_no is null),
  ('bill_no', 'must be 4 to 32 letters, digits or hyphens', coalesce(s.bill_no, '') !~ '^[0-9A-Za-z-]{4,32}$'),
  ('period_first', 'is not a date like 2026-01-31', coalesce(s.period_first, '') !~ '^\d{4}-\d{2}-\d{2}$' or not pg_input_is_valid(s.period_first, 'date')),
  ('period_end', 'is not a date like 2026-01-31', coalesce(s.period_end, '') !~ '^\d{4}-\d{2}-\d{2}$' or not pg_input_is_valid(s.period_end, 'date')),
  ('issue_date', 'is not a date like 2026-01-31', coalesce(s.issue_date, '') !~ '^\d{4}-\d{2}-\d{2}$' or not pg_input_is_valid(s.issue_date, 'date')),
  ('due_date', 'is not a date like 2026-01-31', coalesce(s.due_date, '') !~ '^\d{4}-\d{2}-\d{2}$' or not pg_input_is_valid(s.due_date, 'date')),
  ('energy_kwh', 'is not a number with at most 3 decimals', coalesce(s.energy_kwh, '') !~ '^\d{1,11}(\.\d{1,3})?$'),
  ('amount_minor', 'is not a whole number of minor units', coalesce(s.amount_minor, '') !~ '^\d{1,15}$'),
  ('open_minor', 'is not a whole number of minor units', s.open_minor !~ '^\d{1,15}$'),
  ('state', 'is neither open nor settled', coalesce(s.state, '') not in ('open', 'settled')),
  ('lines', 'are not of the form code|quantity|unit|unit_price|amount_minor, with ; between lines',
    s.lines !~ '^([a-z0-9_.]{1,40}\|(-?\d{1,10}(\.\d{1,3})?)?\|[^|;]{0,16}\|(-?\d{1,9}(\.\d{1,8})?)?\|-?\d{1,15}(;|$)){1,200}$' or s.lines like '%;')
) v (field, reason, is_bad)
where v.is_bad
