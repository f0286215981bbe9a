-- Published versions with demand periods, and their days that lack them: those of a database that has not always kept them. Served by
-- ix_tariff_version_published and pk_tariff_day.
select v.id as version_id, array_agg(d.day order by d.day) as days
from tariff_version v
join tariff_day d on d.version_id = v.id and d.demand_periods is null
where v.state = 'published' and jsonb_typeof(v.document -> 'demand_periods') = 'object' and v.periods <> '{}'
group by v.id order by v.id limit :most
