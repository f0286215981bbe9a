-- Accounts of the units where a member of staff may view accounts, behind :after: by number, by all of the holder's tokens, or by pairs of the
-- address; what is null finds nothing. Served by uq_account_account_no, ix_customer_tokens with ix_account_customer_id, and
-- ix_premises_address with ix_account_premises_id.
with seen as materialized (
  select unit_id from staff_units(:staff_id, 'accounts.view', :now)
), found as (
  select a.id from account a where a.account_no = cast(:number as text)
  union
  select a.id from customer c join account a on a.customer_id = c.id
  where c.tokens @> cast(:phone as bytea[]) or c.tokens @> cast(:name as bytea[])
  union
  select a.id from premises p join account a on a.premises_id = p.id
  where text_pairs(premises_address(p.district, p.street, p.building)) @> cast(:address as text[])
)
select a.account_no, a.state, a.class as account_class, u.name as unit, c.name_masked as holder,
  premises_address(p.district, p.street, p.building) as address,
  (select k.address_masked from contact_point k where k.customer_id = c.id and k.kind = 'phone' order by k.id limit 1) as phone
from (
  select a.* from found f join account a on a.id = f.id
  where a.unit_id in (select unit_id from seen) and a.account_no > :after
  order by a.account_no limit :limit
) a
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
order by a.account_no
