-- A page of an account's bills, newest first: the position of the last one as JSON (null when it is the last page), a line feed, the bills as
-- JSON. Null without access, '' when the session has ended. Served by pk_session_family, account_access and ix_bill_latest.
select case when exists (select from living_session(:session_id)) then (
  select coalesce((
    select json_build_array(n.issue_date, n.id)::text
    from (
      select b.issue_date, b.id, count(*) over () as n from (
        select issue_date, id from bill
        where account_id = a.id and (issue_date, id) < (cast(:issue_date as date), cast(:bill_id as bigint))
          and (a.holder_since is null or period_end > a.holder_since or open_minor > 0)
        order by issue_date desc, id desc limit cast(:limit as integer) + 1) b
      order by b.issue_date desc, b.id desc offset cast(:limit as integer) - 1 limit 1) n
    where n.n > cast(:limit as integer)), 'null')
  || e'\n' || coalesce((
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
    from (
      select * from bill where account_id = a.id and (issue_date, id) < (cast(:issue_date as date), cast(:bill_id as bigint))
        and (a.holder_since is null or period_end > a.holder_since or open_minor > 0)
      order by issue_date desc, id desc limit cast(:limit as integer)) b)::text, '[]')
  from account_access(:user_id, :account_no, 'view') g join account a on a.id = g.account_id
) else '' end
