-- One account with its balances and last 12 bills: the home page. One row: JSON text, null without access, '' when the session has ended.
-- Served by pk_session_family, uq_account_account_no, uq_access_grant_living, primary keys, uq_book_owner, pk_balance, ix_bill_open, ix_bill_latest.
-- 1100 is receivable, 2100 prepaid. Rows of bills are made into JSON whole: naming each member of each bill anew costs a third more.
select case when exists (select from living_session(:session_id)) then (
  select json_build_object(
    'account_no', a.account_no,
    'holder', c.name_masked,
    'address', premises_address(p.district, p.street, p.building),
    'unit', u.name,
    'class', a.class,
    'state', a.state,
    'role', g.role,
    'due', json_build_object('amount_minor', coalesce((
      select l.balance from balance l where l.book_id = k.id and l.code = 1100 and l.asset = t.asset), 0), 'currency', a.currency),
    'prepaid', json_build_object('amount_minor', coalesce((
      select l.balance from balance l where l.book_id = k.id and l.code = 2100 and l.asset = t.asset), 0), 'currency', a.currency),
    'next_due_date', (select b.due_date from bill b where b.account_id = a.id and b.open_minor > 0 order by b.due_date limit 1),
    'bills', coalesce((
      select json_agg(b) from (
        select b.bill_no, b.period_first, b.period_end, b.issue_date, b.due_date, b.energy_kwh::text as energy_kwh,
          json_build_object('amount_minor', b.amount_minor, 'currency', a.currency) as amount,
          json_build_object('amount_minor', b.open_minor, 'currency', a.currency) as open, b.state
        from bill b where b.account_id = a.id and (a.holder_since is null or b.period_end > a.holder_since or b.open_minor > 0)
        order by b.issue_date desc, b.id desc limit 12) b), '[]')
  )::text
  from account_access(:user_id, :account_no, 'view') g
  join account a on a.id = g.account_id
  join customer c on c.id = a.customer_id
  join premises p on p.id = a.premises_id
  join unit u on u.id = a.unit_id
  join ledger_asset t on t.name = a.currency
  left join book k on k.owner_kind = 'account' and k.owner_id = a.id
) else '' end
