-- Ended sessions, with their refresh tokens. Served by ix_session_family_expires_at for the oldest; a daily job may read the rest.
delete from session_family
where id in (
  select id
  from session_family
  where least(expires_at, idle_until, revoked_at) < :before
  limit :most
  for update skip locked
)
