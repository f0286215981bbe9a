-- Values that stood where a chunk's readings stand, and were replaced. Served by pk_register_reading.
select x.account_id, x.register_id, x.read_at, x.value
from met_register m
join meter_register r on r.account_id = m.account_id and r.meter_no = m.meter_no and r.kind = m.kind
join register_reading x on x.account_id = r.account_id and x.register_id = r.id and x.read_at = m.read_at and x.superseded_at is not null
