-- The open look of a browser of staff at an account, while its time, the person's grant and the permission hold. Served by uq_account_look_open,
-- pk_account, pk_access_grant and pk_app_user.
select l.account_id, g.user_id, u.phone_masked as person, l.expires_at as until
from account_look l
join account a on a.id = l.account_id
join access_grant g on g.id = l.grant_id and g.account_id = l.account_id
join app_user u on u.id = g.user_id
where l.session_id = :session_id and l.ended_at is null and l.staff_id = :staff_id and l.expires_at > :now and a.account_no = :account_no
  and g.revoked_at is null and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
  and a.unit_id in (select unit_id from staff_units(:staff_id, 'accounts.view_as', :now))
