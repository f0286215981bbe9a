-- Keep what rows of a dry run say, by a hash of their numbers. Served by pk_import_seen.
insert into import_seen (run_id, kind, key, said)
select :run_id, :kind, q.key, q.said from (select /* said */) q
on conflict (run_id, kind, key) do update set said = import_seen.said || excluded.said
