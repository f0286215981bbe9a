-- New bills, by account, so that the primary key grows in order; staged ones learn their ids.
with made as (
  insert into bill (account_id, bill_no, period_first, period_end, issue_date, due_date, energy_kwh, amount_minor, open_minor, state, origin, posting_id, opening_run_id)
  select s.account_id, s.bill_no, s.period_first, s.period_end, s.issue_date, s.due_date, s.energy_kwh, s.amount_minor, s.open_minor,
    case when s.open_minor > 0 then 'issued' else 'settled' end,
    case when s.posting_id is not null then 'issued' when s.is_open then 'opening' else 'history' end,
    s.posting_id, case when s.posting_id is null and s.is_open then :run_id end
  from typed_bill s where s.bill_id is null
  order by s.account_id, s.issue_date, s.row_no
  returning id, account_id, bill_no
)
update typed_bill s set bill_id = made.id
from made
where s.bill_id is null and s.account_id = made.account_id and s.bill_no = made.bill_no
