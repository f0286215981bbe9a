-- Accounts that a person may pay for now: those of these numbers, or those of a group of theirs. Served by uq_account_account_no,
-- uq_access_grant_living and pk_account_group_member.
select a.id, a.account_no, a.unit_id, a.currency
from account a
join access_grant g on g.account_id = a.id and g.user_id = :user_id and g.revoked_at is null
where g.role in ('owner', 'payer') and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
  and case when cast(:group_id as uuid) is null then a.account_no = any(cast(:account_nos as text[]))
    else a.id in (select m.account_id from account_group_members(:user_id, cast(:group_id as uuid), :now) m) end
order by a.account_no
