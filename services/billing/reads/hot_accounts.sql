-- A page of the accounts that a person may view, by number, with what each owes: the position of the last one as JSON (null when it is the
-- last page), a line feed, the accounts as JSON. '' when the session has ended. What an account owes is only summed up for those of the page.
-- Served by pk_session_family, uq_access_grant_living, primary keys and ix_bill_open.
select case when exists (select from living_session(:session_id)) then (
  with mine as materialized (
    select a.id, a.account_no, a.class, a.state, a.currency, a.customer_id, a.premises_id, g.role, row_number() over (order by a.account_no) as place
    from access_grant g
    join account a on a.id = g.account_id
    where g.user_id = :user_id and g.revoked_at is null and g.valid_from <= now() and (g.valid_to is null or g.valid_to > now())
      and a.account_no > cast(:after as text)
    order by a.account_no limit cast(:limit as integer) + 1
  )
  select case when max(m.place) > cast(:limit as integer)
      then json_build_array(max(m.account_no) filter (where m.place = cast(:limit as integer)))::text else 'null' end
    || e'\n' || coalesce(json_agg(json_build_object(
      'account_no', m.account_no,
      'holder', c.name_masked,
      'address', premises_address(p.district, p.street, p.building),
      'class', m.class,
      'state', m.state,
      'role', m.role,
      'due', json_build_object('amount_minor', coalesce(o.due_minor, 0), 'currency', m.currency),
      'next_due_date', o.next_due
    ) order by m.place) filter (where m.place <= cast(:limit as integer)), '[]')::text
  from mine m
  join customer c on c.id = m.customer_id
  join premises p on p.id = m.premises_id
  left join lateral (
    select sum(b.open_minor) as due_minor, min(b.due_date) as next_due from bill b where b.account_id = m.id and b.open_minor > 0
  ) o on true
) else '' end
