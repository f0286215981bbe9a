-- Adds to the totals of a run's units. Served by pk_import_total and pk_import_run.
insert into import_total (run_id, unit_id, rows_new, rows_changed, rows_unchanged, rows_rejected, accounts, is_dry)
select :run_id, unit_id, new, changed, unchanged, rejected, accounts, (select mode = 'check' from import_run where id = :run_id)
from unnest(cast(:unit_ids as integer[]), cast(:new as bigint[]), cast(:changed as bigint[]), cast(:unchanged as bigint[]),
  cast(:rejected as bigint[]), cast(:accounts as bigint[])) t (unit_id, new, changed, unchanged, rejected, accounts)
order by unit_id
on conflict (run_id, unit_id) do update set rows_new = import_total.rows_new + excluded.rows_new,
  rows_changed = import_total.rows_changed + excluded.rows_changed, rows_unchanged = import_total.rows_unchanged + excluded.rows_unchanged,
  rows_rejected = import_total.rows_rejected + excluded.rows_rejected, accounts = import_total.accounts + excluded.accounts
