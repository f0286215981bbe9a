-- Names that were corrected, of these customers. Served by uq_customer_customer_no and uq_data_correction_customer.
select c.id as customer_id, c.customer_no, c.name_sealed, d.file_said
from customer c join data_correction d on d.customer_id = c.id and d.field = 'name' and d.file_said is not null
where c.customer_no = any(cast(:customer_nos as text[]))
