-- Days of a version that come out otherwise now. Served by pk_tariff_day.
update tariff_day d set periods = cast(n.periods as smallint[]), demand_periods = cast(n.demand_periods as smallint[])
from unnest(cast(:days as date[]), cast(:periods as text[]), cast(:demand_periods as text[])) n (day, periods, demand_periods)
where d.version_id = :version_id and d.day = n.day
  and (d.periods, d.demand_periods) is distinct from (cast(n.periods as smallint[]), cast(n.demand_periods as smallint[]))
returning d.day
