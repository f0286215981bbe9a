-- Tariffs by code, each with the version that holds on a day and the next one. Served by pk_tariff, ix_tariff_version_published and uq_tariff_version_no.
select t.code, t.name, t.class as tariff_class, t.currency, f.version_no as in_force_no, f.valid_from as in_force_from, n.version_no as next_no,
  n.valid_from as next_from, (select count(*) from tariff_version d where d.tariff_code = t.code and d.state in ('draft', 'proposed')) as drafts
from tariff t
left join lateral (
  select version_no, valid_from from tariff_version
  where tariff_code = t.code and state = 'published' and valid_from <= cast(:on as date) and (valid_to is null or valid_to > cast(:on as date))
) f on true
left join lateral (
  select version_no, valid_from from tariff_version
  where tariff_code = t.code and state = 'published' and valid_from > cast(:on as date) and (valid_to is null or valid_to > valid_from)
  order by valid_from limit 1
) n on true
where t.code > :after
order by t.code limit :limit
