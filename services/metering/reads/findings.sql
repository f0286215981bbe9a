-- A page of what rules found odd, is so still and was not dismissed, where a member of staff may view readings, or in the units of a program, by unit and
-- account. Served by ix_reading_finding_unit in its order, so that nothing of other units is read, and primary keys.
with page as materialized (
  select f.*
  from reading_finding f
  where f.ended_at is null and f.dismissed_at is null
    and f.unit_id = any(array(
      select s.unit_id
      from (
        select unit_id from staff_units(:staff_id, :permission, :now) union all select unit_id from service_units(:client)
      ) s join unit u on u.id = s.unit_id
      where cast(:unit_code as text) is null
        or exists (select from unit r where r.code = :unit_code and u.path >= r.path and u.path < left(r.path, -1) || '0')))
    and (f.unit_id, f.account_id, f.id) > (:after_unit, :after_account, cast(:after_id as uuid))
    and (cast(:kind as text) is null or f.kind = :kind)
  order by f.unit_id, f.account_id, f.id limit :limit
)
select f.unit_id, f.account_id, f.id, h.account_no, h.holder, h.unit, h.unit_code, f.kind, f.meter_no, f.channel, f.first_day, f.last_day,
  f.found, f.expected, f.found_at
from page f
cross join lateral (
  select a.account_no, c.name_masked as holder, u.name as unit, u.code as unit_code
  from account a join customer c on c.id = a.customer_id join unit u on u.id = a.unit_id where a.id = f.account_id offset 0
) h
order by f.unit_id, f.account_id, f.id
