-- The registers of a chunk, with nobody else writing their readings until the transaction ends. Served by uq_meter_register_kind.
select r.account_id, r.id, r.meter_no, r.kind, r.digits
from meter_register r
where (r.account_id, r.meter_no, r.kind) in (select account_id, meter_no, kind from met_register)
order by r.account_id, r.id for no key update
