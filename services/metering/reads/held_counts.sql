-- How many wait for which reason among the first :most. Served by ix_reading_quarantine_unit alone, in the units where a member of staff may view readings.
select q.reason, count(*) as readings
from (
  select reason from reading_quarantine
  where state = 'open' and unit_id = any(array(select unit_id from staff_units(:staff_id, :permission, :now)))
  limit :most
) q
group by q.reason order by q.reason
