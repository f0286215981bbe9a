-- Points lie in lots with an expiry, spent first in, first out. Each function locks the book in one statement and reads its lots in the
-- next, which then sees what the one before it left. Answers as ledger_post does: a number, negative when the source had posted before.

create function ledger_points_earn(
  p_book bigint, p_source_id uuid, p_effective_at timestamptz, p_points bigint, p_expires_at timestamptz, p_event smallint default null
) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_no bigint;
begin
  v_no := (ledger_post(array[p_book], '{13}', array[p_source_id], array[p_effective_at], '{1}', '{5900}', '{2900}', '{1}',
    array[p_points], array[p_event]))[1];
  if v_no > 0 then
    insert into point_lot (book_id, no, earned, remaining, expires_at) values (p_book, v_no, p_points, p_points, p_expires_at);
  end if;
  return v_no;
end $$;

-- What has expired at `p_effective_at` is not spent, whether or not the sweeper has taken it away.
create function ledger_points_spend(
  p_book bigint, p_source_id uuid, p_effective_at timestamptz, p_points bigint, p_event smallint default null
) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_no bigint;
begin
  v_no := (ledger_post(array[p_book], '{14}', array[p_source_id], array[p_effective_at], '{1}', '{2900}', '{4900}', '{1}',
    array[p_points], array[p_event]))[1];
  if v_no > 0 then
    perform ledger_points_take(p_book, v_no, p_points, null, p_effective_at);
  end if;
  return v_no;
end $$;

-- Takes out of a locked book all that has expired; null when nothing has.
create function ledger_points_expire_book(p_book bigint, p_source_id uuid, p_at timestamptz, p_event smallint)
returns bigint language plpgsql set search_path = public, pg_temp as $$
declare
  v_points bigint;
  v_no bigint;
begin
  select sum(remaining) into v_points from point_lot where book_id = p_book and remaining > 0 and expires_at <= p_at;
  if v_points is null then
    return null;
  end if;
  v_no := (ledger_post(array[p_book], '{15}', array[p_source_id], array[p_at], '{1}', '{2900}', '{4901}', '{1}',
    array[v_points], array[p_event]))[1];
  with due as (
    update point_lot set remaining = 0 where book_id = p_book and remaining > 0 and expires_at <= p_at
    returning new.no, old.remaining as points
  )
  insert into point_lot_use (book_id, no, lot_no, points) select p_book, v_no, due.no, due.points from due;
  return v_no;
end $$;

-- Let expired points go in at most `p_limit` books, longest expired first. A book that is held elsewhere, by a spender say, is left for the
-- next time. Each inner call reads the lots as they are once its book is locked.
create function ledger_points_expire(p_at timestamptz, p_limit integer, p_event smallint default null)
returns table (book_id bigint, no bigint) language plpgsql security definer set search_path = public, pg_temp as $$
begin
  for book_id in
    select b.id from book b where b.id in (
      select l.book_id from point_lot l where l.remaining > 0 and l.expires_at <= p_at
      group by l.book_id order by min(l.expires_at) limit p_limit)
    order by b.id for no key update of b skip locked
  loop
    no := ledger_points_expire_book(book_id, uuidv7(), p_at, p_event);
    if no is not null then
      return next;
    end if;
  end loop;
end $$;

-- The mirror of what a source earned, spent or let expire. Earned points are taken out of their own lot first, then out of the oldest; spent
-- and expired ones go back to the lots they came from, with the expiry that those have. Null when there is nothing to reverse.
create function ledger_points_reverse(
  p_book bigint, p_source smallint, p_source_id uuid, p_effective_at timestamptz, p_event smallint default null
) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_no bigint;
  v_original bigint;
begin
  if p_source not between 13 and 15 then
    raise exception 'source % moves no points', p_source using errcode = 'LG004';
  end if;
  v_no := ledger_reverse(p_book, p_source, p_source_id, p_effective_at, p_event);
  if v_no is null or v_no < 0 then
    return v_no;
  end if;
  select no into strict v_original from txn where book_id = p_book and source_id = p_source_id and source = p_source;
  if p_source = 13 then
    perform ledger_points_take(p_book, v_no, (select earned from point_lot where book_id = p_book and no = v_original), v_original, null);
    return v_no;
  end if;
  with back as (
    insert into point_lot_use (book_id, no, lot_no, points)
    select book_id, v_no, lot_no, -points from point_lot_use where book_id = p_book and no = v_original
    returning lot_no, points
  )
  update point_lot l set remaining = l.remaining - back.points from back where l.book_id = p_book and l.no = back.lot_no;
  return v_no;
end $$;

-- Take points out of the lots of a locked book: out of `p_first` before others, then first in, first out; with `p_at` only what has not expired.
create function ledger_points_take(p_book bigint, p_no bigint, p_points bigint, p_first bigint, p_at timestamptz)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_taken bigint;
begin
  with lot as (
    select no, remaining, sum(remaining) over (order by no is distinct from p_first, no) - remaining as before
    from point_lot where book_id = p_book and remaining > 0 and (p_at is null or expires_at > p_at)
  ), taken as (
    select no, least(remaining, p_points - before)::bigint as points from lot where before < p_points
  ), moved as (
    update point_lot l set remaining = l.remaining - t.points from taken t where l.book_id = p_book and l.no = t.no
  ), used as (
    insert into point_lot_use (book_id, no, lot_no, points) select p_book, p_no, no, points from taken
  )
  select coalesce(sum(points), 0) into v_taken from taken;
  if v_taken < p_points then
    raise exception 'the lots of book % hold % of % points', p_book, v_taken, p_points
      using errcode = 'check_violation', constraint = 'ck_balance_floor';
  end if;
end $$;

revoke all on function ledger_points_earn, ledger_points_spend, ledger_points_expire, ledger_points_expire_book, ledger_points_reverse,
  ledger_points_take from public;
grant execute on function ledger_points_earn, ledger_points_spend, ledger_points_expire, ledger_points_reverse to wattline_app;
