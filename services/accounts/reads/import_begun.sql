-- Served by ix_import_run_signed_off_id.
select exists (select from import_run where signed_off_id = :signed_off_id and mode = 'load' and finished_at is null and rows_done > 0)
