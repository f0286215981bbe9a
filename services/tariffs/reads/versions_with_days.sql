-- Published versions that have some of these days in their calendar, with those that they have. Served by pk_tariff_day and ix_tariff_version_published.
select v.id as version_id, array_agg(d.day order by d.day) as days
from tariff_version v
join tariff_day d on d.version_id = v.id and d.day = any(cast(:days as date[]))
where v.state = 'published'
group by v.id order by v.id
