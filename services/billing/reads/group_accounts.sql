-- A page of the accounts of a person's group behind a number: all, those that owe something, or those in arrears on :today.
-- Served by pk_account_group_member, uq_access_grant_living, pk_account and ix_bill_open.
select a.account_no, c.name_masked as holder, premises_address(p.district, p.street, p.building) as address, a.state, a.currency,
  o.due_minor, o.next_due, o.bills
from account_group_members(:user_id, cast(:group_id as uuid), :now) m
join account a on a.id = m.account_id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
cross join lateral (
  select coalesce(sum(b.open_minor), 0)::bigint as due_minor, min(b.due_date) as next_due, count(*) as bills
  from bill b where b.account_id = a.id and b.open_minor > 0
) o
where a.account_no > :after
  and case :which when 'owing' then o.due_minor > 0 when 'arrears' then o.next_due < cast(:today as date) else true end
order by a.account_no
limit :limit
