-- What staff decided about readings in the places of a chunk's. What a customer told and they did not believe says nothing of what others read. Served by
-- uq_reading_quarantine_said.
select distinct r.account_id, r.id as register_id, q.start_at as read_at, q.energy as value, q.state = 'accepted' as is_accepted
from met_register m
join meter_register r on r.account_id = m.account_id and r.meter_no = m.meter_no and r.kind = m.kind
join reading_quarantine q on q.account_id = r.account_id and q.meter_no = r.meter_no and q.channel = r.kind and q.start_at = m.read_at and q.kind = 'register'
where q.state <> 'open' and q.reason <> 'strayed' and (q.state = 'accepted' or q.source <> 'customer')
