-- The bills of a person's group that were issued on the days from :first to :last, by account and day.
-- Paid bills of before a holder are the earlier one's. Served by pk_account_group_member, uq_account_account_no and ix_bill_latest.
select a.account_no, b.bill_no, b.period_first, b.period_end, b.issue_date, b.due_date, b.energy_kwh, b.amount_minor, b.open_minor,
  a.currency, b.state
from account_group_members(:user_id, cast(:group_id as uuid), :now) m
join account a on a.id = m.account_id
join bill b on b.account_id = a.id
where b.issue_date between :first and :last
  and (a.holder_since is null or b.period_end > a.holder_since or b.open_minor > 0)
order by a.account_no, b.issue_date, b.id
limit :limit
