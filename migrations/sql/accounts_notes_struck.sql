-- A telephone number in notes in clear about these accounts is struck out, as the release before this one asks for. What is sealed it cannot read:
-- where a note is, it fails, and the erasure is tried again until a worker does it that can. Served by pk_account_note.
create or replace function account_notes_strike(p_accounts bigint[], p_digits text) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_pattern text;
  v_struck bigint;
begin
  if p_digits !~ '^[0-9]{8,15}$' then
    raise exception 'no telephone number' using errcode = 'invalid_parameter_value';
  end if;
  if exists (select from account_note where account_id = any(p_accounts) and text_sealed is not null) then
    raise exception 'notes about these accounts are sealed' using errcode = 'object_not_in_prerequisite_state';
  end if;
  v_pattern := '[+(]?([0-9][ .()-]{0,2}){0,7}' || regexp_replace(right(p_digits, 8), '(.)(?=.)', '\1[ .()-]{0,2}', 'g');
  update account_note set text = regexp_replace(text, v_pattern, '***', 'g') where account_id = any(p_accounts) and text ~ v_pattern;
  get diagnostics v_struck = row_count;
  return v_struck;
end $$;
