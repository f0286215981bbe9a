-- A page of what waits in quarantine, where a member of staff may view readings, or in the units of a program, by unit and account. Served by
-- ix_reading_quarantine_unit in its order, so that nothing of other units is read, and primary keys.
with page as materialized (
  select q.*
  from reading_quarantine q
  where q.state = 'open'
    and q.unit_id = any(array(
      select s.unit_id
      from (
        select unit_id from staff_units(:staff_id, :permission, :now) union all select unit_id from service_units(:client)
      ) s join unit u on u.id = s.unit_id
      where cast(:unit_code as text) is null
        or exists (select from unit r where r.code = :unit_code and u.path >= r.path and u.path < left(r.path, -1) || '0')))
    and (q.unit_id, q.account_id, q.id) > (:after_unit, :after_account, cast(:after_id as uuid))
    and (cast(:reason as text) is null or q.reason = :reason) and (cast(:kind as text) is null or q.kind = :kind)
    and (cast(:since as timestamptz) is null or q.start_at >= :since) and (cast(:until as timestamptz) is null or q.start_at < :until)
  order by q.unit_id, q.account_id, q.id limit :limit
)
select q.unit_id, q.account_id, q.id, h.account_no, h.holder, h.unit, h.unit_code, q.kind, q.meter_no, q.channel, q.start_at, q.minutes, q.energy,
  q.quality, q.reason, q.state, q.source, q.recorded_at, q.recorded_by, q.row_no, q.run_id, q.photo_id,
  exists (select from reading_photo p where p.account_id = q.account_id and p.id = q.photo_id) as has_photo, q.decided_at, q.decided_by, q.decided_why
from page q
cross join lateral (
  select a.account_no, c.name_masked as holder, u.name as unit, u.code as unit_code
  from account a join customer c on c.id = a.customer_id join unit u on u.id = a.unit_id where a.id = q.account_id offset 0
) h
order by q.unit_id, q.account_id, q.id
