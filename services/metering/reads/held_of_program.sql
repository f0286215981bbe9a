-- The account of a reading of the quarantine, in the units of a program. Served by pk_reading_quarantine and uq_account_account_no.
select q.account_id
from account a join reading_quarantine q on q.account_id = a.id
where a.account_no = :account_no and q.id = :id and a.unit_id in (select unit_id from service_units(:client))
