-- Days of a version that come out otherwise now. Served by pk_tariff_day.
update tariff_day d set periods = cast(n.periods as smallint[])
from unnest(cast(:days as date[]), cast(:periods as text[])) n (day, periods)
where d.version_id = :version_id and d.day = n.day and d.periods <> cast(n.periods as smallint[])
returning d.day
