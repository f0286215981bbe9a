-- Changed days as they are now. Served by pk_interval_day.
update interval_day i set energies = m.energies, qualities = m.qualities, recorded_at = :now, run_id = :run_id
from merged_day m
where not m.is_new and i.account_id = m.account_id and i.series_id = m.series_id and i.day = m.day
