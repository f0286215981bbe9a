-- Staged accounts of a program, filled in, whose customer or premises others' accounts have beside its own: those must come as they are. Served by
-- the unique keys of customer and premises, by ix_account_holder and ix_account_premises_id.
with reach as materialized (select unit_id from service_units(:program))
select s.row_no, v.field, v.reason
from staged_account s
left join customer c on c.customer_no = s.customer_no
left join premises p on p.premises_no = s.premises_no
cross join lateral (
  select exists (select from account o where o.customer_id = c.id and o.unit_id not in (select unit_id from reach)) as have_customer,
    exists (select from account o where o.premises_id = p.id and o.unit_id not in (select unit_id from reach)) as have_premises
) w
cross join lateral (values
  ('customer_no', 'has accounts of other units: name, kind, phone and locale are changed there',
    w.have_customer and (c.fingerprint, c.kind) is distinct from (s.customer_print, s.customer_kind)),
  ('premises_no', 'has accounts of other units: the address is changed there',
    w.have_premises and (p.fingerprint, p.district, p.street, p.building)
      is distinct from (coalesce(s.premises_print, p.fingerprint), s.district, s.street, coalesce(s.building, p.building)))
) v (field, reason, is_bad)
where v.is_bad
