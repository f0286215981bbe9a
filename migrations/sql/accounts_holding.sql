-- Agreements that came, or hold otherwise now, are noted with each day on which one of them begins or ends, or did before.
create function note_agreements() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into holding_change (account_id, on_day)
    select n.account_id, d.on_day from now_there n cross join lateral (values (n.valid_from), (n.valid_to)) d (on_day) where d.on_day is not null;
  else
    insert into holding_change (account_id, on_day)
    select distinct n.account_id, d.on_day
    from there_before o
    join now_there n on n.account_id = o.account_id and n.id = o.id
    cross join lateral (values (o.valid_from), (n.valid_from), (o.valid_to), (n.valid_to)) d (on_day)
    where (o.tariff_code, o.valid_from, o.valid_to) is distinct from (n.tariff_code, n.valid_from, n.valid_to) and d.on_day is not null
      and ((o.tariff_code, o.valid_from) <> (n.tariff_code, n.valid_from) or d.on_day <> n.valid_from);
  end if;
  return null;
end $$;
revoke all on function note_agreements from public;

create trigger note_new after insert on agreement referencing new table as now_there for each statement execute function note_agreements();
create trigger note_changed after update on agreement referencing old table as there_before new table as now_there
  for each statement execute function note_agreements();

-- Of the holders before the present one the day since which each had the account is kept; who begins earlier than they did takes their place.
create function note_holder() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.holder_since > old.holder_since then
    insert into holder_before (account_id, since) values (old.id, old.holder_since) on conflict do nothing;
  else
    delete from holder_before where account_id = old.id and (since >= new.holder_since or new.holder_since is null);
  end if;
  insert into holding_change (account_id, on_day)
  select new.id, d.on_day from (values (old.holder_since), (new.holder_since)) d (on_day) where d.on_day is not null;
  return null;
end $$;
revoke all on function note_holder from public;

create trigger note_holder after update of holder_since on account for each row
  when (old.holder_since is distinct from new.holder_since) execute function note_holder();
