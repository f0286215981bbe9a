-- The telephone of new and changed customers: contact 1 is the one that files know. Served by uq_customer_customer_no.
insert into contact_point (customer_id, id, kind, address_sealed, address_blind, address_masked, locale)
select c.id, 1, 'phone', k.phone_sealed, k.phone_blind, k.phone_masked, k.locale
from sealed_customer k join customer c on c.customer_no = k.customer_no
where k.phone_sealed is not null
order by c.id
on conflict (customer_id, id) do update set address_sealed = excluded.address_sealed, address_blind = excluded.address_blind,
  address_masked = excluded.address_masked, locale = excluded.locale
