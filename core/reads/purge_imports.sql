-- Runs that ended long ago, and dry runs that nobody went on with; what was noted of them goes, too. Reads the whole table, once a day: a row per file.
delete from import_run
where id in (
  select id
  from import_run
  where finished_at < now() - make_interval(days => :days)
    or mode = 'check' and finished_at is null and started_at < now() - make_interval(days => :days)
  order by started_at
  limit :most
  for update skip locked
)
