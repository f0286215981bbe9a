-- Keep a verified callback as applied, for a caller that applies it in the same transaction: its id, or null when it is known already, which
-- waits for whoever is about to keep it.
create function inbox_keep(p_source text, p_external_id text, p_body bytea) returns bigint language sql as $$
  insert into inbox (source, external_id, body, applied_at) values (p_source, p_external_id, p_body, now())
  on conflict (source, external_id) do nothing returning id
$$;

-- It was not applied after all.
create function inbox_leave(p_id bigint) returns void language sql as $$
  update inbox set applied_at = null where id = p_id
$$;

-- Whether nothing is left to do for a callback, which is locked. Served by uq_inbox_source_external_id.
create function inbox_is_applied(p_source text, p_external_id text) returns boolean language sql as $$
  select applied_at is not null from inbox where source = p_source and external_id = p_external_id for update
$$;

-- Take a globally unique name; false when anybody has it.
create function claim_take(p_kind text, p_key text, p_owner text) returns boolean language plpgsql as $$
begin
  insert into claim (kind, key, owner) values (p_kind, p_key, p_owner) on conflict do nothing;
  return found;
end $$;

grant execute on function inbox_keep, inbox_leave, inbox_is_applied, claim_take to wattline_app;
