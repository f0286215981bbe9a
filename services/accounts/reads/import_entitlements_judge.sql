-- Faults of staged entitlements, each by itself. What is cast is looked at first. Served by uq_account_account_no, pk_customer and uq_entitlement_begin.
select s.row_no, v.field, v.reason
from (
  select *, row_number() over (partition by account_no, kind, valid_from order by row_no) as nth,
    kind in ('persons', 'contract_kw', 'transformer_kva') as is_number,
    case when valid_from like '____-__-__' and pg_input_is_valid(valid_from, 'date') then valid_from::date end as first_day,
    case when valid_to like '____-__-__' and pg_input_is_valid(valid_to, 'date') then valid_to::date end as end_day,
    case when value ~ '^[0-9]{1,9}([.][0-9]{1,3})?$' then value::numeric end as number
  from staged_entitlement
) s
left join account a on a.account_no = s.account_no
left join customer c on c.id = a.customer_id
left join entitlement e on e.account_id = a.id and e.kind = s.kind and e.valid_from = s.first_day
cross join lateral (values
  ('account_no', 'is no known account', a.id is null),
  ('account_no', 'was erased and does not come back: whoever returns has another number', c.erased_at is not null),
  ('kind', 'is not a name of small letters, digits and _ that begins with a letter', coalesce(s.kind, '') !~ '^[a-z][a-z0-9_]{0,31}$'),
  ('value', 'is missing', s.is_number and s.value is null and e.id is null),
  ('value', 'is not a whole number of people from 1 to 99', s.kind = 'persons' and s.value is not null
    and (s.number is null or s.number not between 1 and 99 or s.number <> trunc(s.number))),
  ('value', 'is not a number above 0 with at most 3 decimals', s.is_number and s.kind <> 'persons' and s.value is not null
    and (s.number is null or s.number = 0)),
  ('value', 'must be 1 or empty: a flag holds or does not', not s.is_number and s.value is not null and s.number is distinct from 1),
  ('valid_from', 'is not a date like 2026-01-31', s.first_day is null),
  ('valid_from', 'stands twice in the file', s.nth > 1 and s.first_day is not null),
  ('valid_to', 'is not a date like 2026-01-31', s.valid_to is not null and s.valid_to <> '-' and s.end_day is null),
  ('valid_to', 'lies before valid_from', s.end_day < s.first_day),
  ('document', 'is longer than 200 characters', length(s.document) > 200)
) v (field, reason, is_bad)
where v.is_bad
