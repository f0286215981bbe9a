-- A draft may become anything but another version; what is proposed stays as it was proposed until it is decided; of what is published only the end is
-- set, and brought forward: never put back, never taken away. What is withdrawn stays. Nothing is published that was not proposed.
create or replace function tariff_version_keep() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  v_may_change text[] := case old.state
    when 'draft' then '{valid_from,valid_to,document,periods,state,note,revision,is_correction,request_id,changed_at}'
    when 'proposed' then '{state,revision,request_id,changed_at,published_at}'
    when 'published' then '{valid_to}'
    else '{}'
  end;
  v_next text[] := case old.state
    when 'draft' then '{draft,proposed,withdrawn}'
    when 'proposed' then '{draft,published,withdrawn}'
    else array[old.state]
  end;
begin
  if new.state = any (v_next) and to_jsonb(new) - v_may_change = to_jsonb(old) - v_may_change
    and (old.state = 'draft' or new.document::text = old.document::text)
    and (old.state <> 'published' or (new.valid_to is not null and new.valid_to < coalesce(old.valid_to, 'infinity'))) then
    return new;
  end if;
  raise exception 'a version of a tariff that is % does not change like that', old.state using errcode = 'restrict_violation';
end $$;
