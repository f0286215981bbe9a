-- Readings of meters that are not at accounts of a program's units, in the words for meters that do not exist. Reads the whole of a chunk.
select s.row_no, 'meter_no' as field, 'is no known meter' as reason
from met_register s
where s.account_id is not null and s.unit_id not in (select unit_id from service_units(:program))
