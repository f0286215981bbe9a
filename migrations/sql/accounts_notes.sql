-- A note belongs to whoever holds the account when it is written; whoever writes one does not say whom.
create function account_note_holder() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  new.customer_id := (select a.customer_id from account a where a.id = new.account_id);
  return new;
end $$;

-- Who wrote a note about which account, and when, stays; what it says may become less.
create function keep_note() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - '{text,erased_at}'::text[]) = (to_jsonb(old) - '{text,erased_at}'::text[])
    and (old.erased_at is null or new.erased_at = old.erased_at)
    and (new.text = old.text or length(new.text) < length(old.text)) then
    return new;
  end if;
  raise exception 'account_note is append-only' using errcode = 'restrict_violation';
end $$;

-- What was written while an erased customer held an account says nothing any more. Served by ix_account_note_customer_id.
create function account_notes_erase(p_customer bigint, p_now timestamptz) returns bigint
  language sql security definer set search_path = public, pg_temp as $$
  with gone as (update account_note set text = '', erased_at = p_now where customer_id = p_customer and erased_at is null returning 1)
  select count(*) from gone
$$;

-- A telephone number in notes about these accounts is struck out, however it was written: with or without a country's
-- number in front, its digits together or apart. Its last eight digits find it. Served by pk_account_note.
create function account_notes_strike(p_accounts bigint[], p_digits text) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_pattern text;
  v_struck bigint;
begin
  if p_digits !~ '^[0-9]{8,15}$' then
    raise exception 'no telephone number' using errcode = 'invalid_parameter_value';
  end if;
  v_pattern := '[+(]?([0-9][ .()-]{0,2}){0,7}' || regexp_replace(right(p_digits, 8), '(.)(?=.)', '\1[ .()-]{0,2}', 'g');
  update account_note set text = regexp_replace(text, v_pattern, '***', 'g') where account_id = any(p_accounts) and text ~ v_pattern;
  get diagnostics v_struck = row_count;
  return v_struck;
end $$;

revoke all on function account_notes_erase, account_notes_strike from public;
grant execute on function account_notes_erase, account_notes_strike to wattline_app;
