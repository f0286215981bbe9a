-- Whose cookie this is; notes its use when the last note is old. Served by uq_session_family_browser_hash and pk_app_user.
with found as (
  select f.id, f.user_id, f.last_used_at, u.phone_masked
  from session_family f
  join app_user u on u.id = f.user_id
  where f.browser_hash = :hash and f.revoked_at is null and f.idle_until > :now
), touched as (
  update session_family f
  set last_used_at = :now, idle_until = least(f.expires_at, :idle_until)
  from found
  where f.id = found.id and found.last_used_at <= :stale
)
select id, user_id, phone_masked from found
