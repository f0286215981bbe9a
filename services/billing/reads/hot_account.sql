-- One account with its balances and last 12 bills: the home page. One row: JSON text, null without access, '' when the session has ended.
-- Served by pk_session_family, uq_account_account_no, uq_access_grant_living, primary keys, uq_book_owner, pk_balance, ix_bill_open, ix_bill_latest.
select case when session_alive(:session_id) then (
  select json_build_object(
    'account_no', a.account_no,
    'holder', c.name_masked,
    'address', premises_address(p.district, p.street, p.building),
    'unit', u.name,
    'class', a.class,
    'state', a.state,
    'role', (select g.role from access_grant g where g.user_id = :user_id and g.account_id = a.id and g.revoked_at is null),
    'due', json_build_object('amount_minor', coalesce((
      select l.balance from balance l
      where l.book_id = k.id and l.code = (select code from ledger_code where name = 'receivable')
        and l.asset = (select asset from ledger_asset t where t.name = a.currency)), 0), 'currency', a.currency),
    'prepaid', json_build_object('amount_minor', coalesce((
      select l.balance from balance l
      where l.book_id = k.id and l.code = (select code from ledger_code where name = 'prepaid')
        and l.asset = (select asset from ledger_asset t where t.name = a.currency)), 0), 'currency', a.currency),
    'next_due_date', (select b.due_date from bill b where b.account_id = a.id and b.open_minor > 0 order by b.due_date limit 1),
    'bills', coalesce((
      select json_agg(json_build_object(
        'bill_no', b.bill_no,
        'period_first', b.period_first,
        'period_end', b.period_end,
        'issue_date', b.issue_date,
        'due_date', b.due_date,
        'energy_kwh', b.energy_kwh::text,
        'amount', json_build_object('amount_minor', b.amount_minor, 'currency', a.currency),
        'open', json_build_object('amount_minor', b.open_minor, 'currency', a.currency),
        'state', b.state))
      from (select * from bill where bill.account_id = a.id order by bill.issue_date desc, bill.id desc limit 12) b), '[]')
  )::text
  from account a
  join customer c on c.id = a.customer_id
  join premises p on p.id = a.premises_id
  join unit u on u.id = a.unit_id
  left join book k on k.owner_kind = 'account' and k.owner_id = a.id
  where a.id = account_access(:user_id, :account_no, 'view')
) else '' end
