-- A session begins, in the first generation of its secrets. Reads nothing.
insert into session_family (
  id, user_id, kind, device_name, created_at, last_used_at, idle_until, expires_at, generation, rotated_at, browser_hash,
  opened_by
)
values (:id, :user_id, :kind, :name, :now, :now, :idle_until, :expires_at, 1, :now, :browser_hash, :opened_by)
