-- The accounts that a person may view, with what each owes. One row: JSON text, '' when the session has ended.
-- Served by pk_session_family, uq_access_grant_living, primary keys, ix_bill_open, uq_book_owner, pk_balance.
select case when session_alive(:session_id) then (
  select json_build_object('items', coalesce(json_agg(json_build_object(
    'account_no', a.account_no,
    'holder', c.name_masked,
    'address', premises_address(p.district, p.street, p.building),
    'class', a.class,
    'state', a.state,
    'role', g.role,
    'due', json_build_object('amount_minor', coalesce(o.due_minor, 0), 'currency', a.currency),
    'next_due_date', o.next_due
  ) order by a.account_no), '[]'))::text
  from access_grant g
  join account a on a.id = g.account_id
  join customer c on c.id = a.customer_id
  join premises p on p.id = a.premises_id
  left join lateral (
    select sum(b.open_minor) as due_minor, min(b.due_date) as next_due from bill b where b.account_id = a.id and b.open_minor > 0
  ) o on true
  where g.user_id = :user_id and g.revoked_at is null and g.valid_from <= now() and (g.valid_to is null or g.valid_to > now())
) else '' end
