-- Well-formed rows that contradict each other or what is known. Served by the unique keys of unit, account, customer and by
-- pk_agreement.
select s.row_no, v.field, v.reason
from (
  select *, row_number() over (partition by account_no order by row_no) as nth,
    row_number() over (partition by meter_no order by row_no) as meter_nth,
    first_value(customer_print) over (partition by customer_no order by row_no) as first_customer_print,
    first_value(customer_kind) over (partition by customer_no order by row_no) as first_customer_kind,
    first_value((premises_print, district, street, building)) over (partition by premises_no order by row_no) as first_premises
  from staged_account
) s
left join unit u on u.code = s.unit_code
left join account a on a.account_no = s.account_no
left join customer c on c.customer_no = s.customer_no
left join lateral (select valid_from from agreement g where g.account_id = a.id order by g.id desc limit 1) g on true
cross join lateral (values
  ('unit_code', 'is no known unit', u.id is null),
  ('account_no', 'stands twice in the file', s.nth > 1),
  ('customer_no', 'has another name, kind, phone or locale in an earlier row', s.customer_print <> s.first_customer_print or s.customer_kind <> s.first_customer_kind),
  ('customer_no', 'was erased and does not come back: whoever returns has another number', c.erased_at is not null),
  ('premises_no', 'has another address in an earlier row', (s.premises_print, s.district, s.street, s.building) is distinct from s.first_premises),
  ('meter_no', 'stands twice in the file', s.meter_no <> '' and s.meter_nth > 1),
  ('currency', 'differs from the currency of the account', a.currency <> s.currency),
  ('agreement_from', 'lies before the agreement that is known', s.agreement_from::date < g.valid_from)
) v (field, reason, is_bad)
where v.is_bad
