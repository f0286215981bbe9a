-- What is wrong with the kept rejects of the reader's units. Served by ix_import_reject_unit_id.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select field, reason, count(*) as rows
from import_reject
where run_id = :run_id and unit_id in (select unit_id from seen)
group by field, reason
order by rows desc, field, reason limit 50
