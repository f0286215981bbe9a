-- Rows of a dry run whose number an earlier chunk had are known by the time they are loaded: as that row said it. Served by pk_import_seen.
update compared_account c set is_new = false, is_changed = n.said ->> 'print' <> md5((to_jsonb(s) - 'row_no')::text)
from staged_account s, import_seen n
where c.row_no = s.row_no and n.run_id = :run_id and n.kind = 'number' and n.key = c.key
