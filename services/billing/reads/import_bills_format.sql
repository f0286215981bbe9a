-- Fields whose form is wrong. What passes may be cast by the statements that follow. LIKE keeps out `today` and other words that are dates.
-- A fault is a sentence that begins with its field; an array of them costs half of what a row each would.
-- Lengths are told by length(): a bound in a pattern costs several times as much.
select s.row_no, split_part(f.fault, ' ', 1) as field, substr(f.fault, strpos(f.fault, ' ') + 1) as reason
from (
  select s.row_no, array_remove(array[
    case when s.account_no is null then 'account_no is missing' end,
    case when coalesce(length(s.bill_no) not between 4 and 32 or s.bill_no ~ '[^0-9A-Za-z-]', true) then 'bill_no must be 4 to 32 letters, digits or hyphens' end,
    case when coalesce(s.period_first not like '____-__-__' or not pg_input_is_valid(s.period_first, 'date'), true) then 'period_first is not a date like 2026-01-31' end,
    case when coalesce(s.period_end not like '____-__-__' or not pg_input_is_valid(s.period_end, 'date'), true) then 'period_end is not a date like 2026-01-31' end,
    case when coalesce(s.issue_date not like '____-__-__' or not pg_input_is_valid(s.issue_date, 'date'), true) then 'issue_date is not a date like 2026-01-31' end,
    case when coalesce(s.due_date not like '____-__-__' or not pg_input_is_valid(s.due_date, 'date'), true) then 'due_date is not a date like 2026-01-31' end,
    case when coalesce(s.energy_kwh, '') !~ '^\d{1,11}(\.\d{1,3})?$' then 'energy_kwh is not a number with at most 3 decimals' end,
    case when coalesce(length(s.amount_minor) not between 1 and 15 or s.amount_minor ~ '[^0-9]', true) then 'amount_minor is not a whole number of minor units' end,
    case when length(s.open_minor) not between 1 and 15 or s.open_minor ~ '[^0-9]' then 'open_minor is not a whole number of minor units' end,
    case when coalesce(s.state, '') not in ('open', 'settled') then 'state is neither open nor settled' end,
    -- No bound around bounds: such an expression takes minutes. How large numbers are is judged once they are numbers.
    case when s.lines || ';' !~ '^(?:[a-z0-9_.]+\|(?:-?[0-9]+(?:\.[0-9]{1,3})?)?\|[^|;]*\|(?:-?[0-9]+(?:\.[0-9]{1,8})?)?\|-?[0-9]+;)+$' then 'lines are not of the form code|quantity|unit|unit_price|amount_minor, with ; between lines' end
  ], null) as faults
  from staged_bill s
) s cross join unnest(s.faults) f (fault)
where s.faults <> '{}'
