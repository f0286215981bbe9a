-- Accounts of the units where a member of staff may view accounts, behind :after: by number, by all of the holder's tokens, or by pairs of the
-- address; what is null finds nothing. Each unit is asked for its own terms, so that nothing of other units is read.
-- Served by uq_account_account_no and ix_account_search_terms.
with seen as materialized (
  select unit_id from staff_units(:staff_id, 'accounts.view', :now)
), wanted as materialized (
  select s.unit_id, b.terms
  from (values (search_terms(cast(:phone as bytea[]), null)), (search_terms(cast(:name as bytea[]), null)),
    (search_terms(null, cast(:address as text[])))) w (terms)
  cross join seen s
  cross join lateral bound_terms(s.unit_id, w.terms) b
  where w.terms is not null
), found as (
  select distinct on (account_no) id
  from (
    select a.id, a.account_no from account a where a.account_no = cast(:number as text) and a.unit_id in (select unit_id from seen)
    union all
    select s.account_id, s.account_no from wanted w join account_search s on s.terms @> w.terms
  ) n
  where account_no > :after
  order by account_no limit :limit
)
select a.account_no, a.state, a.class as account_class, u.name as unit, c.name_masked as holder,
  premises_address(p.district, p.street, p.building) as address,
  (select k.address_masked from contact_point k where k.customer_id = c.id and k.kind = 'phone' order by k.id limit 1) as phone
from found f
join account a on a.id = f.id and a.unit_id in (select unit_id from seen)
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
order by a.account_no
