-- Changed customers who have no telephone any more. Served by uq_customer_customer_no and pk_contact_point.
delete from contact_point p using sealed_customer k, customer c
where c.customer_no = k.customer_no and p.customer_id = c.id and p.id = 1 and k.phone_sealed is null
