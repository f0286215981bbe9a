-- One account by id or by number: exactly one of the two is given. Served by pk_account or uq_account_account_no.
select a.id, a.account_no, a.unit_id, a.currency, c.name_masked as holder,
  premises_address(p.district, p.street, p.building) as address, a.class as account_class, a.state, null::text as role, null::text as scope, a.last_bill_minor, a.holder_since
from account a
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
where (cast(:account_id as bigint) is not null and a.id = cast(:account_id as bigint))
   or (cast(:account_no as text) is not null and a.account_no = cast(:account_no as text))
