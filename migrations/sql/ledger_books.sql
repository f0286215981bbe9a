-- The books of these owners, made where they are missing.
create function ledger_ensure_books(p_owner_kind text, p_owner_ids bigint[])
returns table (owner_id bigint, book_id bigint) language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into book (owner_kind, owner_id)
    select p_owner_kind, o.id from (select distinct unnest(p_owner_ids) as id) o
    where not exists (select from book b where b.owner_kind = p_owner_kind and b.owner_id = o.id)
    order by o.id
    on conflict on constraint uq_book_owner do nothing;
  return query select b.owner_id, b.id from book b where b.owner_kind = p_owner_kind and b.owner_id = any (p_owner_ids);
end $$;

-- Lock books in ascending order for the rest of the transaction, when one transaction posts in several calls.
create function ledger_lock_books(p_books bigint[])
returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- For an array PostgreSQL plans anew with each call, which costs more than the lock.
  if cardinality(p_books) = 1 then
    perform from book where id = p_books[1] for no key update;
  else
    perform from book where id = any (p_books) order by id for no key update;
  end if;
end $$;

-- From now on this balance may not fall below `p_floor`; null takes the floor away. Refuses when it is below already.
create function ledger_set_floor(p_book bigint, p_code smallint, p_asset smallint, p_floor bigint)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from book where id = p_book for no key update;
  if not found then
    raise exception 'book % does not exist', p_book using errcode = 'LG001', detail = p_book::text;
  end if;
  update balance set floor = p_floor where book_id = p_book and code = p_code and asset = p_asset;
  if not found then
    insert into balance (book_id, code, asset, balance, version, floor)
      select p_book, c.code, a.asset, 0, 0, p_floor from ledger_code c cross join ledger_asset a where c.code = p_code and a.asset = p_asset;
    if not found then
      raise exception 'no code % or asset %', p_code, p_asset using errcode = 'LG003';
    end if;
  end if;
end $$;

revoke all on function ledger_ensure_books, ledger_lock_books, ledger_set_floor from public;
grant execute on function ledger_ensure_books, ledger_lock_books, ledger_set_floor to wattline_app;
