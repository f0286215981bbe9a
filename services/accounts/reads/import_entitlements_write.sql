-- New and changed entitlements, changed ones under their number. Served by pk_entitlement.
insert into entitlement (account_id, id, customer_id, kind, value, valid_from, valid_to, document, recorded_at)
select t.account_id,
  coalesce(t.id, greatest((select max(e.id) from entitlement e where e.account_id = t.account_id),
      (select max(o.id) from typed_entitlement o where o.account_id = t.account_id), 0)
    + row_number() over (partition by t.account_id order by t.id nulls first, t.row_no)),
  t.customer_id, t.kind, t.value, t.valid_from, t.valid_to, t.document, :now
from typed_entitlement t
where t.id is null or (t.value, t.valid_to, t.document) is distinct from (t.value_before, t.valid_to_before, t.document_before)
