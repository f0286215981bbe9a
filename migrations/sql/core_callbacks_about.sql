-- Keep a verified callback as applied, for a caller that applies it in the same transaction, with what it is about and what came of it: its id,
-- or null when it is known already, which waits for whoever is about to keep it.
drop function inbox_keep(text, text, bytea);
create function inbox_keep(p_source text, p_external_id text, p_body bytea, p_subject text, p_outcome text) returns bigint language sql as $$
  insert into inbox (source, external_id, body, applied_at, subject, outcome)
  values (p_source, p_external_id, p_body, now(), p_subject, p_outcome)
  on conflict (source, external_id) do nothing returning id
$$;

-- It was not applied after all.
create or replace function inbox_leave(p_id bigint) returns void language sql as $$
  update inbox set applied_at = null, outcome = null where id = p_id
$$;

grant execute on function inbox_keep to wattline_app;
