-- An act and its subject stay; a network address may go, and a reason that somebody typed may be struck out.
create or replace function keep_act() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - '{address,after}'::text[]) = (to_jsonb(old) - '{address,after}'::text[])
    and (new.address is null or new.address = old.address)
    and (new.after is not distinct from old.after
      or old.after ? 'reason' and new.after = old.after || '{"reason": "***"}'::jsonb) then
    return new;
  end if;
  raise exception 'audit is append-only' using errcode = 'restrict_violation';
end $$;

-- Strike out the reasons of acts on these subjects, each within a time of its own (null: open). Served by ix_audit_subject.
create function audit_strike(p_subjects text[], p_since timestamptz[], p_until timestamptz[]) returns bigint
  language sql security definer set search_path = public, pg_temp as $$
  with struck as (
    update audit u set after = u.after || '{"reason": "***"}'
    from unnest(p_subjects, p_since, p_until) s (subject, since, until)
    where u.subject = s.subject and u.after ? 'reason'
      and u.recorded_at between coalesce(s.since, '-infinity') and coalesce(s.until, 'infinity')
    returning 1
  )
  select count(*) from struck
$$;
revoke all on function audit_strike from public;
grant execute on function audit_strike to wattline_app;
