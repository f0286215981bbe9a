-- Senders that did not come back: nobody knows whether they sent. ix_message_due_at serves it.
with due as materialized (
  select owner, id from message where state = 'sending' and due_at <= now() order by due_at limit :most for update skip locked
), over as (
  update message m set state = 'unknown', due_at = now() from due where m.owner = due.owner and m.id = due.id returning m.lease_token
)
insert into message_finding (attempt_id, source, finding) select lease_token, 'lease', 'unknown' from over
