-- One bill with its lines, without them for whom they are not shown. One row: JSON text, null without access or bill, '' when the session has ended.
-- Served by pk_session_family, account_access, uq_bill_bill_no, pk_bill_line.
select case when exists (select from living_session(:session_id)) then (
  select json_build_object(
    'bill_no', b.bill_no,
    'period_first', b.period_first,
    'period_end', b.period_end,
    'issue_date', b.issue_date,
    'due_date', b.due_date,
    'energy_kwh', b.energy_kwh::text,
    'amount', json_build_object('amount_minor', b.amount_minor, 'currency', a.currency),
    'open', json_build_object('amount_minor', b.open_minor, 'currency', a.currency),
    'state', b.state,
    'lines', case when g.scope = 'full' then coalesce((
      select json_agg(json_build_object(
        'code', c.code,
        'quantity', l.quantity::text,
        'unit', l.unit,
        'unit_price', l.unit_price::text,
        'amount', json_build_object('amount_minor', l.amount_minor, 'currency', a.currency)) order by l.line_no)
      from bill_line l join bill_line_code c on c.id = l.code
      where l.account_id = b.account_id and l.bill_id = b.id), '[]') else '[]' end
  )::text
  from account_access(:user_id, :account_no, 'view') g
  join account a on a.id = g.account_id
  join bill b on b.account_id = a.id and b.bill_no = :bill_no
    and (a.holder_since is null or b.period_end > a.holder_since or b.open_minor > 0)
) else '' end
