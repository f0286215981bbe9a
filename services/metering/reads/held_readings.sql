-- A page of what waits in quarantine, where a member of staff may view readings. Served by ix_reading_quarantine_open in its order, and primary keys.
select q.account_id, q.id, a.account_no, c.name_masked as holder, u.name as unit, q.kind, q.meter_no, q.channel, q.start_at, q.minutes, q.energy, q.quality, q.reason,
  q.state, q.source, q.recorded_at, q.recorded_by, q.row_no, q.run_id, q.photo_id,
  exists (select from reading_photo p where p.account_id = q.account_id and p.id = q.photo_id) as has_photo, q.decided_at, q.decided_by, q.decided_why
from reading_quarantine q
join account a on a.id = q.account_id
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
where q.state = 'open' and (q.account_id, q.id) > (:after_account, cast(:after_id as uuid))
  and (cast(:reason as text) is null or q.reason = :reason) and (cast(:kind as text) is null or q.kind = :kind)
  and (cast(:since as timestamptz) is null or q.start_at >= :since) and (cast(:until as timestamptz) is null or q.start_at < :until)
  and a.unit_id in (select unit_id from staff_units(:staff_id, :permission, :now))
  and (cast(:unit_code as text) is null or exists (
    select from unit r where r.code = :unit_code and u.path >= r.path and u.path < left(r.path, -1) || '0'))
order by q.account_id, q.id limit :limit
