-- A run and whether somebody stands for it. Served by pk_import_run and pk_import_sign_off.
select r.id, r.kind, r.mode = 'check' as is_check, r.is_full, r.scope, r.file_digest, r.finished_at is not null as is_finished,
  o.run_id is not null as is_signed
from import_run r
left join import_sign_off o on o.run_id = r.id
where r.id = :run_id
