-- Who has or had access to an account, living grants first, the latest first. Served by ix_access_grant_account and pk_app_user.
select g.id, u.phone_masked, g.role, g.scope, g.valid_from, g.valid_to, g.revoked_at, g.ended_why, g.user_id,
  g.revoked_at is null and (g.valid_to is null or g.valid_to > :now) as is_living
from access_grant g join app_user u on u.id = g.user_id
where g.account_id = :account_id
order by is_living desc, g.id desc offset :offset limit :limit
