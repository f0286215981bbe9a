-- How long the text is that a sealed value holds, and a few bytes more that are always as many: what begins it names its key.
create function sealed_length(p_sealed bytea) returns integer language sql immutable strict as $$
  select octet_length(p_sealed) - get_byte(p_sealed, 1)
$$;

-- Who wrote a note about which account, and when, stays. What it says may be sealed, sealed anew with another key, or become less.
create or replace function keep_note() returns trigger language plpgsql as $$
declare
  v_is_less boolean := case
    when new.text_sealed is null then
      old.text_sealed is null and (new.text = old.text or length(new.text) < length(old.text)) or new.text = '' and new.erased_at is not null
    when old.text_sealed is null then sealed_length(new.text_sealed) = octet_length(old.text) + 30
    else new.text = old.text and (new.text_sealed = old.text_sealed or sealed_length(new.text_sealed) < sealed_length(old.text_sealed)
      or sealed_length(new.text_sealed) = sealed_length(old.text_sealed)
        and substr(new.text_sealed, 3, get_byte(new.text_sealed, 1)) <> substr(old.text_sealed, 3, get_byte(old.text_sealed, 1)))
  end;
begin
  if v_is_less and (old.erased_at is null or new.erased_at = old.erased_at)
    and (to_jsonb(new) - '{text,text_sealed,erased_at}'::text[]) = (to_jsonb(old) - '{text,text_sealed,erased_at}'::text[]) then
    return new;
  end if;
  raise exception 'account_note is append-only' using errcode = 'restrict_violation';
end $$;

-- What was written while an erased customer held an account says nothing any more. Served by ix_account_note_customer_id.
create or replace function account_notes_erase(p_customer bigint, p_now timestamptz) returns bigint
  language sql security definer set search_path = public, pg_temp as $$
  with gone as (
    update account_note set text = '', text_sealed = null, erased_at = p_now where customer_id = p_customer and erased_at is null returning 1
  )
  select count(*) from gone
$$;

-- Notes that stand in clear, as earlier releases wrote them, are sealed; the caller has locked them. Served by pk_account_note.
create function account_notes_seal(p_accounts bigint[], p_ids uuid[], p_sealed bytea[]) returns bigint
  language sql security definer set search_path = public, pg_temp as $$
  with done as (
    update account_note n set text = '', text_sealed = s.sealed
    from unnest(p_accounts, p_ids, p_sealed) s (account_id, id, sealed)
    where n.account_id = s.account_id and n.id = s.id and n.text <> '' returning 1
  )
  select count(*) from done
$$;

revoke all on function account_notes_seal from public;
grant execute on function account_notes_seal to wattline_app;
grant update (text_sealed) on account_note to wattline_app;
