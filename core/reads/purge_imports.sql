-- Runs that ended long ago; their rejects go with them. Reads the whole table, once a day: a row per file.
delete from import_run
where id in (
  select id
  from import_run
  where finished_at < now() - make_interval(days => :days)
  order by finished_at
  limit :most
  for update skip locked
)
