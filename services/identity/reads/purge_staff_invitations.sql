-- Invitations that lead nowhere any more. Reads the whole of a small table, once a day.
delete from staff_invitation
where id in (
  select id
  from staff_invitation
  where least(expires_at, used_at, voided_at) < :before
  limit :most
  for update skip locked
)
