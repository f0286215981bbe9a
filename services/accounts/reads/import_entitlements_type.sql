-- Judged entitlements beside what is known of each: what a row does not say stays, and of a new one a kind that must be renewed ends when its months
-- are over. Served by uq_account_account_no and uq_entitlement_begin.
create temporary table typed_entitlement on commit drop as
select s.row_no, a.id as account_id, a.unit_id, a.customer_id, e.id, s.kind, s.valid_from::date as valid_from,
  coalesce(s.value::numeric, e.value, 1) as value,
  case
    when s.valid_to is not null and s.valid_to <> '-' then s.valid_to::date
    when s.valid_to is null and e.id is not null then e.valid_to
    else (s.valid_from::date + make_interval(months => (cast(:renewals as jsonb) ->> s.kind)::integer))::date
  end as valid_to,
  case when s.document = '-' then '' else coalesce(s.document, e.document, '') end as document,
  e.value as value_before, e.valid_to as valid_to_before, e.document as document_before
from staged_entitlement s
join account a on a.account_no = s.account_no
left join entitlement e on e.account_id = a.id and e.kind = s.kind and e.valid_from = s.valid_from::date
