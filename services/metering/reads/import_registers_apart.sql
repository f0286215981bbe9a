-- Of a reading that is of two accounts, take out the row of the one that is none of a program's units, where the other is: it is not told of the other.
-- Reads the whole of a chunk. Served by pk_account.
with reach as materialized (select unit_id from service_units(:program))
delete from met_register s
where s.unit_id not in (select unit_id from reach)
  and exists (select from met_register o where o.seq = s.seq and o.unit_id in (select unit_id from reach))
