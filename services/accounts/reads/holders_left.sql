-- When the earlier holders last lost an account: the years begin for which they are needed. Served by pk_customer.
update customer c set last_left_at = now()
from (select distinct earlier_id from holder_changed) h where c.id = h.earlier_id
