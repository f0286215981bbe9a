-- Rejects of a run beyond the first of each unit. Served by ix_import_reject_unit_id.
delete from import_reject
where (run_id, row_no, field) in (
  select run_id, row_no, field
  from (
    select run_id, row_no, field, row_number() over (partition by unit_id order by row_no, field) as nth
    from import_reject where run_id = :run_id
  ) r
  where nth > :kept limit :most
)
