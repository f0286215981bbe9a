-- Rows that were filled in say again what they said.
update staged_account s set building = n.building, customer_print = n.customer_print, premises_print = n.premises_print
from unnest(cast(:row_nos as bigint[]), cast(:buildings as text[]), cast(:customer_prints as bytea[]), cast(:premises_prints as bytea[]))
  n (row_no, building, customer_print, premises_print)
where n.row_no = s.row_no
