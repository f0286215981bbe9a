-- Rows that are filled in, and say of their customer or premises what an earlier row does not.
select s.row_no, v.field, v.reason
from (
  select row_no, (customer_print, customer_kind) is distinct from
      first_value((customer_print, customer_kind)) over (partition by customer_no order by row_no) as has_other_customer,
    (premises_print, district, street, building) is distinct from
      first_value((premises_print, district, street, building)) over (partition by premises_no order by row_no) as has_other_premises
  from staged_account
) s
cross join lateral (values
  ('customer_no', 'has another name, kind, phone or locale in an earlier row', s.has_other_customer),
  ('premises_no', 'has another address in an earlier row', s.has_other_premises)
) v (field, reason, is_bad)
where v.is_bad
