-- Who may act for an account now: owners first, then the others, the earliest first. Served by ix_access_grant_account_id and pk_app_user.
select g.id, g.user_id, u.phone_masked, g.role, g.scope, g.valid_from, g.valid_to
from access_grant g join app_user u on u.id = g.user_id
where g.account_id = :account_id and g.revoked_at is null and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
order by g.role <> 'owner', g.valid_from, g.id limit :limit
