-- Published versions of which days up to :until are not made: those that still run, each with the day behind the last that is. Served by
-- ix_tariff_version_published and pk_tariff_day.
select v.id, v.valid_to, m.unmade_from
from tariff_version v
cross join lateral (
  select coalesce((select max(d.day) + 1 from tariff_day d where d.version_id = v.id), v.valid_from) as unmade_from
) m
where v.state = 'published' and v.periods <> '{}' and m.unmade_from < least(v.valid_to, cast(:until as date))
order by v.id limit :most
