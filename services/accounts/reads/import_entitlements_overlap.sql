-- Typed entitlements that would hold on a day of another of their kind: one that is known and that no row changes, or that of an earlier row. Served by
-- ex_entitlement_overlap.
select distinct t.row_no, 'valid_from' as field, 'overlaps another entitlement of this kind: say first when that one ends' as reason
from typed_entitlement t
cross join lateral (
  select o.valid_from, o.valid_to from typed_entitlement o
  where o.account_id = t.account_id and o.kind = t.kind and o.row_no < t.row_no
  union all
  select e.valid_from, e.valid_to from entitlement e
  where e.account_id = t.account_id and e.kind = t.kind and not exists (
    select from typed_entitlement o where o.account_id = e.account_id and o.kind = e.kind and o.valid_from = e.valid_from)
) o
where daterange(o.valid_from, o.valid_to) && daterange(t.valid_from, t.valid_to)
