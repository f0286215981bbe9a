-- Fingerprints of rows that were filled in.
update staged_account s set customer_print = coalesce(n.customer_print, s.customer_print), premises_print = coalesce(n.premises_print, s.premises_print)
from unnest(cast(:row_nos as bigint[]), cast(:customer_prints as bytea[]), cast(:premises_prints as bytea[]))
  n (row_no, customer_print, premises_print)
where n.row_no = s.row_no
returning s.row_no, s.premises_no
