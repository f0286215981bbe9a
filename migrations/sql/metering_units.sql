-- Of which unit's account a reading that waits, or what is odd, is: so that lists of a unit read nothing of others. The account is kept from moving
-- meanwhile: since unit_id is a column of uq_account_unit, an account that moves waits for whoever locks its key, and the other way round.
create or replace function place_reading() returns trigger
    language plpgsql
    as $$
begin
  select unit_id into new.unit_id from account where id = new.account_id for key share;
  return new;
end $$;

create or replace function move_readings() returns trigger
    language plpgsql
    as $$
begin
  update reading_quarantine set unit_id = new.unit_id where account_id = new.id;
  update reading_finding set unit_id = new.unit_id where account_id = new.id;
  return null;
end $$;
