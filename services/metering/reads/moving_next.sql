-- The meter that was noted first, some time ago: whoever judged readings by where it was before has ended by then. With an account at which it is or was.
-- Served by ix_moved_meter_noted_at, uq_meter_present and ix_meter_former.
select n.meter_no, coalesce(
  (select m.account_id from meter m where m.meter_no = n.meter_no and m.removed_on is null),
  (select min(m.account_id) from meter m where m.meter_no = n.meter_no and m.removed_on is not null), 0) as account_id
from moved_meter n where n.noted_at <= now() - make_interval(secs => :settling_s) order by n.noted_at, n.meter_no limit 1 for update of n skip locked
