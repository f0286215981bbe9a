-- The oldest run with more rejects than need be kept. Reads the whole table, once a day: a row per file.
select id
from import_run
where finished_at < now() - interval '1 day' and trimmed_at is null and rows_rejected > :kept
order by finished_at limit 1
