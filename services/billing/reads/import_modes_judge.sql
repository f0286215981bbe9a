-- Faults of staged modes of billing. A date is cast only where it is one. Served by uq_account_account_no and pk_bill: an account's bills are few.
-- Level 1 of customer data, the first eight bits of account_gaps, is what a bill is made of.
select s.row_no, v.field, v.reason
from (
  select *, row_number() over (partition by account_no order by row_no) as nth,
    case when native_from like '____-__-__' and pg_input_is_valid(native_from, 'date') then native_from::date end as day
  from staged_mode
) s
left join account a on a.account_no = s.account_no
cross join lateral (values
  ('account_no', 'is no known account', a.id is null),
  ('account_no', 'stands twice in the file', s.nth > 1),
  ('billing', 'is neither external nor native', coalesce(s.billing, '') not in ('external', 'native')),
  ('native_from', 'is not a date like 2026-01-31', s.billing = 'native' and s.day is null),
  ('native_from', 'must be empty for an account that is billed outside', s.billing = 'external' and s.native_from is not null),
  ('billing', 'is native for an account of which name, address, meter, or a tariff of that day is missing', s.billing = 'native' and s.day is not null and exists (
    select from account_gaps(a.id, a.id, s.day) g where g.gaps & 255 <> 0)),
  ('native_from', 'is too early: bills of periods from this day on are here already', s.billing = 'native' and exists (
    select from bill b where b.account_id = a.id and b.period_first >= s.day and b.state <> 'cancelled'))
) v (field, reason, is_bad)
where v.is_bad
