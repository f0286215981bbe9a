-- Rows that wait, per queue, and the age of the oldest: pk_outbox, ix_inbox_due_at and the partial indexes of the queues serve it.
select json_build_object(
  'outbox', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(created_at)), 0)::float8) from outbox),
  'inbox', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(received_at)), 0)::float8)
            from inbox where applied_at is null)
)
