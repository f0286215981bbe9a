-- Put a message into its next state; the first number that the provider gave it stays.
update message set
  state = :state,
  due_at = case
    when not :is_moved then due_at
    when :state in ('pending', 'unknown', 'accepted') then now() + :wait_s * interval '1 second'
  end,
  provider_ref = coalesce(provider_ref, :provider_ref),
  error_code = case when :state in ('accepted', 'delivered') then null else coalesce(:error_code, error_code) end,
  accepted_at = case when :state in ('accepted', 'delivered', 'undelivered') then coalesce(accepted_at, now()) else accepted_at end,
  finished_at = case when :state in ('delivered', 'undelivered', 'dead') then coalesce(finished_at, now()) else finished_at end
where owner = :owner and id = :id
