-- Days of a version that are not there yet. Served by pk_tariff_day.
insert into tariff_day (version_id, day, periods, demand_periods)
select :version_id, n.day, cast(n.periods as smallint[]), cast(n.demand_periods as smallint[])
from unnest(cast(:days as date[]), cast(:periods as text[]), cast(:demand_periods as text[])) n (day, periods, demand_periods)
on conflict do nothing returning day
