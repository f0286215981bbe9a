-- Fields whose form is wrong. What passes may be cast by the statements that follow. LIKE keeps out `today` and other words that are dates.
select s.row_no, v.field, v.reason
from staged_bill s
cross join lateral (values
  ('account_no', 'is missing', s.account_no is null),
  ('bill_no', 'must be 4 to 32 letters, digits or hyphens', coalesce(s.bill_no, '') !~ '^[0-9A-Za-z-]{4,32}$'),
  ('period_first', 'is not a date like 2026-01-31', coalesce(s.period_first not like '____-__-__' or not pg_input_is_valid(s.period_first, 'date'), true)),
  ('period_end', 'is not a date like 2026-01-31', coalesce(s.period_end not like '____-__-__' or not pg_input_is_valid(s.period_end, 'date'), true)),
  ('issue_date', 'is not a date like 2026-01-31', coalesce(s.issue_date not like '____-__-__' or not pg_input_is_valid(s.issue_date, 'date'), true)),
  ('due_date', 'is not a date like 2026-01-31', coalesce(s.due_date not like '____-__-__' or not pg_input_is_valid(s.due_date, 'date'), true)),
  ('energy_kwh', 'is not a number with at most 3 decimals', coalesce(s.energy_kwh, '') !~ '^\d{1,11}(\.\d{1,3})?$'),
  ('amount_minor', 'is not a whole number of minor units', coalesce(s.amount_minor, '') !~ '^\d{1,15}$'),
  ('open_minor', 'is not a whole number of minor units', s.open_minor !~ '^\d{1,15}$'),
  ('state', 'is neither open nor settled', coalesce(s.state, '') not in ('open', 'settled')),
  ('lines', 'are not of the form code|quantity|unit|unit_price|amount_minor, with ; between lines',
    -- No bound around bounds: such an expression takes minutes. How large numbers are is judged once they are numbers.
    s.lines || ';' !~ '^(?:[a-z0-9_.]+\|(?:-?[0-9]+(?:\.[0-9]{1,3})?)?\|[^|;]*\|(?:-?[0-9]+(?:\.[0-9]{1,8})?)?\|-?[0-9]+;)+$')
) v (field, reason, is_bad)
where v.is_bad
