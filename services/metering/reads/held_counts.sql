-- What waits, by kind and reason. Reads the whole of ix_reading_quarantine_open.
select q.kind, q.reason, count(*) as readings, min(q.recorded_at) as oldest_at
from reading_quarantine q join account a on a.id = q.account_id
where q.state = 'open' and a.unit_id in (select unit_id from staff_units(:staff_id, :permission, :now))
group by q.kind, q.reason order by q.kind, q.reason
