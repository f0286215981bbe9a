-- Ended sessions of staff. Served by ix_staff_session_expires_at for the oldest; a daily job may read the rest.
delete from staff_session
where id in (
  select id
  from staff_session
  where least(expires_at, idle_until, ended_at) < :before
  limit :most
  for update skip locked
)
