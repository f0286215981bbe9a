-- The other accounts of a customer, behind :after, of the units where a member of staff may view accounts. Served by ix_account_customer_id: few
-- beside all; a customer with thousands has them read for each page.
select a.account_no, a.state, a.class as account_class, u.name as unit, c.name_masked as holder,
  premises_address(p.district, p.street, p.building) as address, null as phone
from account a
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
where a.customer_id = :customer_id and a.id <> :account_id and a.account_no > :after
  and a.unit_id in (select unit_id from staff_units(:staff_id, 'accounts.view', :now))
order by a.account_no limit :limit
