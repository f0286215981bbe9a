-- Known bills with other terms. What was paid of an amended one stays paid.
update bill b set period_first = s.period_first, period_end = s.period_end, issue_date = s.issue_date, due_date = s.due_date,
  energy_kwh = s.energy_kwh, amount_minor = s.amount_minor, posting_id = s.posting_id,
  open_minor = case s.origin when 'issued' then greatest(s.amount_minor - (s.known_amount_minor - s.known_open_minor), 0) else b.open_minor end,
  state = case when s.origin <> 'issued' then b.state
    when s.amount_minor > s.known_amount_minor - s.known_open_minor then 'issued' else 'settled' end
from typed_bill s
where s.bill_id is not null and b.account_id = s.account_id and b.id = s.bill_id
