-- The other accounts of a customer, behind :after, of the units where a member of staff may view accounts. Served by ix_account_holder, which is
-- asked for those units at once: nothing of the customer's accounts elsewhere is read. The accounts there are read for each page.
with seen as materialized (
  select coalesce(array_agg(unit_id), '{}') as unit_ids from staff_units(:staff_id, 'accounts.view', :now)
), mine as materialized (
  select a.id, a.account_no from account a where a.customer_id = :customer_id and a.unit_id = any((select unit_ids from seen)::integer[])
), found as (
  select id from mine where account_no > :after and id <> :account_id order by account_no limit :limit
)
select a.account_no, a.state, a.class as account_class, u.name as unit, c.name_masked as holder,
  premises_address(p.district, p.street, p.building) as address, null as phone
from found f
join account a on a.id = f.id
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
order by a.account_no
