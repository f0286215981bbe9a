-- The living family of a refresh token. Only the family is locked: tokens never change, and a waiting refresh reads the family anew.
-- Served by pk_refresh_token and pk_session_family.
select f.id, f.user_id, f.generation as current, f.rotated_at, t.generation as presented
from refresh_token t
join session_family f on f.id = t.family_id
where t.token_hash = :hash and f.revoked_at is null and f.idle_until > :now
for update of f
