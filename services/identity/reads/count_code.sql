-- Counts one more code unless a limit is reached: a row comes back when it was counted. The row lock and the second reading of `on conflict`
-- make it exact: of many at once just as many are counted as the limit allows. Served by pk_sign_in_limit.
insert into sign_in_limit as l (kind, key, hits)
values (:kind, :key, array[cast(:now as timestamptz)])
on conflict (kind, key) do update
  set hits = (
    select coalesce(array_agg(hit order by hit), '{}')
    from unnest(l.hits) hit
    where hit > :now - interval '24 hours'
  ) || excluded.hits
  where (
    select count(*) < :per_day and count(*) filter (where hit > :now - interval '1 hour') < :per_hour
    from unnest(l.hits) hit
    where hit > :now - interval '24 hours'
  )
returning 1
