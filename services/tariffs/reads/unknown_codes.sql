-- Codes that agreements name and no tariff has: from one code to the next by the index, so that as many entries are read as there are codes, and the
-- agreements of unknown ones are counted up to a number. Served by ix_agreement_tariff_code and pk_tariff.
with recursive codes as (
  (select tariff_code from agreement order by tariff_code limit 1)
  union all
  select (select a.tariff_code from agreement a where a.tariff_code > c.tariff_code order by a.tariff_code limit 1)
  from codes c where c.tariff_code is not null
)
select c.tariff_code, (select count(*) from (select from agreement a where a.tariff_code = c.tariff_code limit :counted) n) as agreements
from codes c
where c.tariff_code is not null and not exists (select from tariff t where t.code = c.tariff_code)
order by agreements desc, c.tariff_code limit :limit
