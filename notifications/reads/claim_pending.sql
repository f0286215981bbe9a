-- The longest due message of the most urgent that are due, leased to one attempt. ix_message_pending serves it.
update message set state = 'sending', attempts = attempts + 1, lease_token = :attempt_id, due_at = now() + :lease_s * interval '1 second'
where (owner, id) = (
  select owner, id from message where state = 'pending' and due_at <= now() and expires_at > now()
  order by priority, due_at limit 1 for update skip locked
)
returning owner, id, template, params, locale, attempts, address_sealed, account_ids
