-- What changed days were. Served by pk_interval_day.
insert into interval_day_revision (account_id, series_id, day, energies, qualities, recorded_at, run_id, replaced_at, replaced_by, replaced_why)
select i.account_id, i.series_id, i.day, i.energies, i.qualities, i.recorded_at, i.run_id, :now, :actor, :why
from merged_day m join interval_day i on i.account_id = m.account_id and i.series_id = m.series_id and i.day = m.day
where not m.is_new
