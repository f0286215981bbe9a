-- The account of an invitation that is addressed to this person's telephone, whatever became of it.
-- Served by pk_access_invitation, pk_app_user and pk_account.
select a.id, a.account_no, a.unit_id, a.currency
from access_invitation i
join app_user u on u.id = :user_id and u.phone_blind = i.phone_blind
join account a on a.id = i.account_id
where i.id = :id
