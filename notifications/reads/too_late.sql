-- Messages that could not be sent in time are given up; those that were sent, or perhaps were, and never heard of again, are called expired.
-- ix_message_due_at serves it.
with due as materialized (
  select owner, id from message
  where (state = 'accepted' and due_at <= now()) or (state in ('pending', 'unknown') and due_at <= now() and expires_at <= now())
  limit :most for update skip locked
)
update message m set state = case m.state when 'pending' then 'dead' else 'expired' end, due_at = null, finished_at = now(),
  error_code = case m.state when 'accepted' then m.error_code else coalesce(m.error_code, 'too_late') end
from due where m.owner = due.owner and m.id = due.id
