-- What a person may pay: sums by currency over all of their accounts (at most :most, told by is_complete), and a page of those that owe
-- something, by number. Three lines: the position of the last one as JSON (null on the last page), the sums, the accounts. '' when the session
-- has ended. Served by pk_session_family, uq_access_grant_living, primary keys and ix_bill_open.
select case when exists (select from living_session(:session_id)) then (
  with mine as materialized (
    select a.id, a.account_no, a.currency, a.customer_id, a.premises_id
    from access_grant g join account a on a.id = g.account_id
    where g.user_id = :user_id and g.revoked_at is null and g.valid_from <= now() and (g.valid_to is null or g.valid_to > now())
      and g.role in ('owner', 'payer')
    order by a.account_no limit cast(:most as integer) + 1
  ), due as materialized (
    select m.*, o.due_minor, o.next_due, o.bills
    from mine m cross join lateral (
      select sum(b.open_minor)::bigint as due_minor, min(b.due_date) as next_due, count(*) as bills
      from bill b where b.account_id = m.id and b.open_minor > 0
    ) o
    where o.due_minor > 0
  ), page as (
    select d.*, row_number() over (order by d.account_no) as place
    from (select * from due where account_no > cast(:after as text) order by account_no limit cast(:limit as integer) + 1) d
  )
  select coalesce((
      select json_build_array(max(p.account_no) filter (where p.place = cast(:limit as integer)))::text from page p
      having count(*) > cast(:limit as integer)), 'null')
    || e'\n' || json_build_object(
      'totals', coalesce((
        select json_agg(json_build_object('due', json_build_object('amount_minor', t.due_minor, 'currency', t.currency), 'accounts', t.accounts) order by t.currency)
        from (select currency, sum(due_minor)::bigint as due_minor, count(*) as accounts from due group by currency) t), '[]'),
      'is_complete', (select count(*) <= cast(:most as integer) from mine))::text
    || e'\n' || coalesce((
      select json_agg(json_build_object(
        'account_no', p.account_no,
        'holder', c.name_masked,
        'address', premises_address(s.district, s.street, s.building),
        'due', json_build_object('amount_minor', p.due_minor, 'currency', p.currency),
        'next_due_date', p.next_due,
        'bills', p.bills) order by p.account_no)
      from page p join customer c on c.id = p.customer_id join premises s on s.id = p.premises_id
      where p.place <= cast(:limit as integer)), '[]')::text
) else '' end
