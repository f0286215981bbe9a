-- A page of the accounts that a person may view, by number, behind `after`; with `part` only those whose number contains it.
-- Served by uq_access_grant_living (user_id first), then primary keys.
select a.id, a.account_no, a.unit_id, a.currency, c.name_masked as holder,
  premises_address(p.district, p.street, p.building) as address, a.class as account_class, a.state, g.role, g.scope, a.last_bill_minor, a.holder_since
from access_grant g
join account a on a.id = g.account_id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
where g.user_id = :user_id and g.revoked_at is null and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
  and a.account_no > cast(:after as text) and strpos(a.account_no, cast(:part as text)) > 0
order by a.account_no limit :limit
