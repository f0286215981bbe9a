-- What a person's groups owe, one row per group and currency (without one for an empty group): accounts that belong, those that owe, those in
-- arrears on :today, the sum of what is open, the oldest due date. All groups, or one.
-- Served by uq_account_group_name, pk_account_group_member, uq_access_grant_living, pk_account and ix_bill_open.
with member as materialized (
  select m.group_id, a.id, a.currency, o.due_minor, o.next_due
  from account_group_members(:user_id, cast(:group_id as uuid), :now) m
  join account a on a.id = m.account_id
  cross join lateral (
    select coalesce(sum(b.open_minor), 0)::bigint as due_minor, min(b.due_date) as next_due
    from bill b where b.account_id = a.id and b.open_minor > 0
  ) o
)
select g.id, g.name, m.currency, count(m.id) as accounts, count(*) filter (where m.due_minor > 0) as owing,
  count(*) filter (where m.next_due < cast(:today as date)) as in_arrears, coalesce(sum(m.due_minor), 0)::bigint as due_minor,
  min(m.next_due) as next_due
from account_group g
left join member m on m.group_id = g.id
where g.user_id = :user_id and (cast(:group_id as uuid) is null or g.id = cast(:group_id as uuid))
group by g.id, g.name, m.currency
order by g.name, g.id, m.currency
