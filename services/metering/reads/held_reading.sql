-- One reading of the quarantine. Served by pk_reading_quarantine and primary keys.
select q.unit_id, q.account_id, q.id, a.account_no, c.name_masked as holder, u.name as unit, u.code as unit_code, q.kind, q.meter_no, q.channel, q.start_at,
  q.minutes, q.energy, q.quality, q.reason, q.state, q.source, q.recorded_at, q.recorded_by, q.row_no, q.run_id, q.photo_id,
  exists (select from reading_photo p where p.account_id = q.account_id and p.id = q.photo_id) as has_photo, q.decided_at, q.decided_by, q.decided_why
from reading_quarantine q
join account a on a.id = q.account_id
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
where q.account_id = :account_id and q.id = :id and a.unit_id in (select unit_id from staff_units(:staff_id, :permission, :now))
