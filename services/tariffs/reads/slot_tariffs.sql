-- Tariffs that price each interval on a day, and that agreements name on it. Versions are few.
-- Served by ix_tariff_version_published and ix_agreement_tariff_code.
select v.tariff_code
from tariff_version v
where v.state = 'published' and v.valid_from <= cast(:on as date) and (v.valid_to is null or v.valid_to > cast(:on as date))
  and v.document -> 'energy' ->> 'lines' = 'slots'
  and exists (
    select from agreement a
    where a.tariff_code = v.tariff_code and a.valid_from <= cast(:on as date) and (a.valid_to is null or a.valid_to > cast(:on as date)))
order by v.tariff_code
