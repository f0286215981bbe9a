-- Staged rows that may leave out something of their customer that is known, or that another row of the chunk says; with the telephone that is
-- known. Served by uq_customer_customer_no and pk_contact_point.
with differing as materialized (
  select customer_no from staged_account group by customer_no having min(customer_print) <> max(customer_print)
)
select s.row_no, k.address_sealed, k.locale
from staged_account s
left join customer c on c.customer_no = s.customer_no
left join contact_point k on k.customer_id = c.id and k.id = 1
where k.customer_id is not null and c.fingerprint <> s.customer_print or s.customer_no in (select customer_no from differing)
order by s.row_no
