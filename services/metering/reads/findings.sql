-- A page of what rules found odd, is so still and was not dismissed, where a member of staff may view readings. Served by ix_reading_finding_open in its order, and primary keys.
select f.account_id, f.id, a.account_no, c.name_masked as holder, u.name as unit, f.kind, f.meter_no, f.channel, f.first_day, f.last_day, f.found, f.expected,
  f.found_at
from reading_finding f
join account a on a.id = f.account_id
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
where f.ended_at is null and f.dismissed_at is null and (f.account_id, f.id) > (:after_account, cast(:after_id as uuid))
  and (cast(:kind as text) is null or f.kind = :kind)
  and a.unit_id in (select unit_id from staff_units(:staff_id, :permission, :now))
  and (cast(:unit_code as text) is null or exists (
    select from unit r where r.code = :unit_code and u.path >= r.path and u.path < left(r.path, -1) || '0'))
order by f.account_id, f.id limit :limit
