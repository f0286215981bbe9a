-- What an account is found by where it lies: blind tokens of its holder and neighbouring characters of its address, each bound to its unit. Who
-- searches in some units asks for the terms of these alone, and what is called the same elsewhere is not even read. Triggers write it from the
-- account itself, hence no foreign key, and keep it right, whoever writes; what two files at once would each read before the other has written
-- it, `import_search_lock.sql` locks. `migrations/fills.py` writes it for the accounts that are there already, and makes its index.
create table account_search (
  account_id bigint not null,
  unit_id integer not null,
  account_no text not null,
  terms bigint[] not null,
  constraint pk_account_search primary key (account_id)
);

-- A token is a keyed hash, of which 64 bits are enough to be alone; a pair of characters is told by their code points, 42 bits.
create function search_terms(p_tokens bytea[], p_pairs text[]) returns bigint[] language sql immutable parallel safe
begin atomic
  select array_agg(n.term)
  from (
    select substr(k, 1, 8)::bigint as term from unnest(p_tokens) k
    union all
    select ascii(p)::bigint << 21 | ascii(substr(p, 2)) from unnest(p_pairs) p
  ) n;
end;

-- Terms as they stand in one unit. A table, for PostgreSQL plans such a function as a part of the statement.
create function bound_terms(p_unit integer, p_terms bigint[]) returns table (terms bigint[]) language sql immutable parallel safe as $$
  select array(select t # (p_unit::bigint << 42) from unnest(p_terms) t)
$$;

-- Writes what these accounts are found by. Order keeps two of them from waiting for each other.
create function write_account_search(p_accounts bigint[]) returns void language sql set search_path = public, pg_temp as $$
  insert into account_search as s (account_id, unit_id, account_no, terms)
  select a.id, a.unit_id, a.account_no, b.terms
  from account a
  join customer c on c.id = a.customer_id
  join premises p on p.id = a.premises_id
  cross join lateral bound_terms(a.unit_id, search_terms(c.tokens, text_pairs(premises_address(p.district, p.street, p.building)))) b
  where a.id = any(p_accounts)
  order by a.id
  on conflict (account_id) do update set unit_id = excluded.unit_id, terms = excluded.terms
    where (s.unit_id, s.terms) is distinct from (excluded.unit_id, excluded.terms)
$$;

create function search_new_accounts() returns trigger language plpgsql as $$
begin
  perform write_account_search((select array_agg(id) from added));
  return null;
end $$;
create trigger search_new after insert on account referencing new table as added for each statement execute function search_new_accounts();

create function search_moved_account() returns trigger language plpgsql as $$
begin
  perform write_account_search(array[new.id]);
  return null;
end $$;
create trigger search_moved after update of unit_id, customer_id, premises_id on account for each row
  when ((old.unit_id, old.customer_id, old.premises_id) is distinct from (new.unit_id, new.customer_id, new.premises_id))
  execute function search_moved_account();

create function search_renamed_customer() returns trigger language plpgsql as $$
begin
  perform write_account_search((select array_agg(id) from account where customer_id = new.id));
  return null;
end $$;
create trigger search_renamed after update of tokens on customer for each row
  when (old.tokens is distinct from new.tokens) execute function search_renamed_customer();

create function search_renamed_premises() returns trigger language plpgsql as $$
begin
  perform write_account_search((select array_agg(id) from account where premises_id = new.id));
  return null;
end $$;
create trigger search_renamed after update of district, street, building on premises for each row
  when ((old.district, old.street, old.building) is distinct from (new.district, new.street, new.building))
  execute function search_renamed_premises();

grant select, insert, update on account_search to wattline_app;
