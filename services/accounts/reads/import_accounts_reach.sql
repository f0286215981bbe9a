-- Staged accounts that a program may not write, before anything is said of what is known: unit and account must be of its units; a customer or
-- premises that others' accounts have, too, must come as they are. Served by the unique keys of unit, account, customer, premises, and by
-- ix_account_customer_id and ix_account_premises_id.
with reach as materialized (select unit_id from service_units(:program))
select s.row_no, v.field, v.reason
from staged_account s
left join unit u on u.code = s.unit_code
left join account a on a.account_no = s.account_no
left join customer c on c.customer_no = s.customer_no
left join premises p on p.premises_no = s.premises_no
cross join lateral (values
  ('unit_code', 'is no known unit', u.id not in (select unit_id from reach)),
  ('account_no', 'is no account of this program''s units', a.unit_id not in (select unit_id from reach)),
  ('customer_no', 'has accounts of other units: name, kind, phone and locale are changed there',
    (c.fingerprint, c.kind) is distinct from (s.customer_print, s.customer_kind) and exists (
      select from account o where o.customer_id = c.id and o.unit_id not in (select unit_id from reach))),
  ('premises_no', 'has accounts of other units: the address is changed there',
    (p.fingerprint, p.district, p.street, p.building) is distinct from (s.premises_print, s.district, s.street, coalesce(s.building, '')) and exists (
      select from account o where o.premises_id = p.id and o.unit_id not in (select unit_id from reach)))
) v (field, reason, is_bad)
where v.is_bad
