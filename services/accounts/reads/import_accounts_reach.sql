-- Staged accounts that a program may not write, before anything is said of what is known. Unit and account must be of its units. A customer,
-- premises or meter that others' accounts have and none of its own is refused in one wording whatever the row says of it: to take what fits would
-- confirm a guess. Served by the unique keys of unit, account, customer, premises,
-- by uq_meter_present, pk_account, ix_account_holder and ix_account_premises_id.
with reach as materialized (select unit_id from service_units(:program))
select s.row_no, v.field, v.reason
from staged_account s
left join unit u on u.code = s.unit_code
left join account a on a.account_no = s.account_no
left join customer c on c.customer_no = s.customer_no
left join premises p on p.premises_no = s.premises_no
left join meter m on m.meter_no = s.meter_no and m.removed_on is null
left join account ma on ma.id = m.account_id
cross join lateral (
  select exists (select from account o where o.customer_id = c.id and o.unit_id in (select unit_id from reach)) as has_customer,
    exists (select from account o where o.customer_id = c.id and o.unit_id not in (select unit_id from reach)) or c.erased_at is not null
      as have_customer,
    exists (select from account o where o.premises_id = p.id and o.unit_id in (select unit_id from reach)) as has_premises,
    exists (select from account o where o.premises_id = p.id and o.unit_id not in (select unit_id from reach)) as have_premises
) w
cross join lateral (values
  ('unit_code', 'is no known unit', u.id not in (select unit_id from reach)),
  ('account_no', 'cannot be taken: ask the group''s data desk', a.unit_id not in (select unit_id from reach)),
  ('customer_no', 'cannot be taken: ask the group''s data desk', w.have_customer and not w.has_customer),
  ('premises_no', 'cannot be taken: ask the group''s data desk', w.have_premises and not w.has_premises),
  ('meter_no', 'cannot be taken: ask the group''s data desk', ma.unit_id not in (select unit_id from reach))
) v (field, reason, is_bad)
where v.is_bad
