-- Entitlements that end soon and that nothing of their kind follows, in the units where a member of staff may view accounts; the first to end first.
-- Served by ix_entitlement_valid_to, uq_entitlement_begin and primary keys: those of other units that end in the same time are passed over.
select e.account_id, a.account_no, c.name_masked as holder, u.name as unit, e.id, e.kind, e.valid_to
from entitlement e
join account a on a.id = e.account_id
join customer c on c.id = a.customer_id
join unit u on u.id = a.unit_id
where e.valid_to < cast(:until as date) and e.valid_to > e.valid_from and a.state <> 'closed'
  and (e.valid_to, e.account_id, e.id) > (cast(:behind_day as date), cast(:behind_account as bigint), cast(:behind_id as smallint))
  and not exists (select from entitlement f where f.account_id = e.account_id and f.kind = e.kind and f.valid_from >= e.valid_to)
  and (cast(:sees_all as boolean) or a.unit_id in (select unit_id from staff_units(:staff_id, 'accounts.view', :now)))
  and (cast(:unit_code as text) is null or exists (
    select from unit r where r.code = :unit_code and u.path >= r.path and u.path < left(r.path, -1) || '0'))
order by e.valid_to, e.account_id, e.id limit :limit
