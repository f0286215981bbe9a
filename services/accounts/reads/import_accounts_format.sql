-- Fields whose form is wrong. What passes may be cast by the statements that follow.
select s.row_no, v.field, v.reason
from staged_account s
cross join lateral (values
  ('account_no', 'must be 4 to 32 letters, digits or hyphens', length(s.account_no) not between 4 and 32 or s.account_no ~ '[^0-9A-Za-z-]'),
  ('customer_no', 'is longer than 32 characters', length(s.customer_no) > 32),
  ('premises_no', 'is longer than 32 characters', length(s.premises_no) > 32),
  ('meter_no', 'is longer than 32 characters', length(s.meter_no) > 32),
  ('tariff_code', 'is longer than 32 characters', length(s.tariff_code) > 32),
  ('customer_kind', 'is none of person, business', s.customer_kind not in ('person', 'business')),
  ('class', 'is none of residential, commercial, industrial, agricultural', s.class not in ('residential', 'commercial', 'industrial', 'agricultural')),
  ('state', 'is none of active, suspended, closed', s.state not in ('active', 'suspended', 'closed')),
  ('currency', 'is not an ISO 4217 code', s.currency !~ '^[A-Z]{3}$'),
  ('is_prepaid', 'is neither true nor false', s.is_prepaid not in ('true', 'false')),
  ('tariff_code', 'is missing while agreement_from is given', s.tariff_code is null and s.agreement_from is not null),
  ('agreement_from', 'is missing while tariff_code is given', s.agreement_from is null and s.tariff_code is not null),
  ('agreement_from', 'is not a date like 2026-01-31', s.agreement_from not like '____-__-__' or not pg_input_is_valid(s.agreement_from, 'date'))
) v (field, reason, is_bad)
where v.is_bad
