-- Staged bills with their types, their account, and the bill that is known under their number. Served by uq_account_account_no, uq_bill_bill_no,
-- pk_billing_mode.
create temporary table typed_bill on commit drop as
select s.row_no, s.bill_no, a.id as account_id, a.unit_id, a.currency, s.period_first::date as period_first, s.period_end::date as period_end,
  s.issue_date::date as issue_date, s.due_date::date as due_date, s.energy_kwh::numeric(14,3) as energy_kwh,
  s.amount_minor::bigint as amount_minor, s.state = 'open' as is_open,
  coalesce(s.open_minor::bigint, case s.state when 'open' then s.amount_minor::bigint else 0 end) as open_minor,
  n.sum_minor, coalesce(n.has_bad_line, false) as has_bad_line,
  b.id as bill_id, b.origin, b.state as known_state, b.amount_minor as known_amount_minor, b.open_minor as known_open_minor,
  b.posting_id as known_posting_id, null::uuid as posting_id,
  b.id is not null and (b.period_first, b.period_end, b.issue_date, b.due_date, b.energy_kwh)
    is distinct from (s.period_first::date, s.period_end::date, s.issue_date::date, s.due_date::date, s.energy_kwh::numeric(14,3)) as has_new_terms,
  false as has_new_lines, m.native_from
from staged_bill s
left join account a on a.account_no = s.account_no
left join bill b on b.account_id = a.id and b.bill_no = s.bill_no
left join billing_mode m on m.account_id = a.id
left join line_sum n on n.row_no = s.row_no
