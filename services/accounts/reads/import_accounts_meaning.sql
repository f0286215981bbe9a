-- Well-formed rows that contradict what is known or stand twice, whatever other rows say of what they leave out. Served by the unique keys of unit, account, customer, by pk_premises,
-- ix_account_premises_id and pk_agreement.
select s.row_no, v.field, v.reason
from (
  select *, row_number() over (partition by account_no order by row_no) as nth,
    row_number() over (partition by meter_no order by row_no) as meter_nth
  from staged_account
) s
left join unit u on u.code = s.unit_code
left join account a on a.account_no = s.account_no
left join customer c on c.customer_no = s.customer_no
left join premises p on p.id = a.premises_id and not s.names_premises
left join lateral (select valid_from from agreement g where g.account_id = a.id order by g.id desc limit 1) g on true
cross join lateral (values
  ('unit_code', 'is no known unit', u.id is null),
  ('account_no', 'stands twice in the file', s.nth > 1),
  ('customer_no', 'was erased and does not come back: whoever returns has another number', c.erased_at is not null),
  ('premises_no', 'is missing: other accounts have these premises too, and the address differs',
    (p.fingerprint, p.district, p.street, p.building)
      is distinct from (coalesce(s.premises_print, p.fingerprint), s.district, s.street, coalesce(s.building, p.building))
    and exists (select from account o where o.premises_id = p.id and o.id <> a.id)
    and not exists (select from staged_account t where t.premises_no = s.premises_no and t.names_premises)),
  ('meter_no', 'stands twice in the file', s.meter_no <> '' and s.meter_nth > 1),
  ('currency', 'differs from the currency of the account', a.currency <> s.currency),
  ('agreement_from', 'lies before the agreement that is known', s.agreement_from::date < g.valid_from)
) v (field, reason, is_bad)
where v.is_bad
