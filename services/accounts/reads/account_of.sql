-- One account by its number, when a person may view it. Served by uq_account_account_no, uq_access_grant_living and primary keys.
select a.id, a.account_no, a.unit_id, a.currency, c.name_masked as holder,
  premises_address(p.district, p.street, p.building) as address, a.class as account_class, a.state, g.role, g.scope, a.last_bill_minor, a.holder_since
from account a
join access_grant g on g.account_id = a.id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
where a.account_no = :account_no
  and g.user_id = :user_id and g.revoked_at is null and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
