-- Days on which a published version ends and no other begins, where an agreement names the tariff for a day from then until the next one begins.
-- Versions are few. Served by ix_tariff_version_published and ix_agreement_tariff_code.
select v.tariff_code, v.valid_to as nothing_from
from tariff_version v
cross join lateral (
  select min(n.valid_from) as next_from from tariff_version n
  where n.tariff_code = v.tariff_code and n.state = 'published' and n.valid_from >= v.valid_to and n.valid_to is distinct from n.valid_from) n
where v.state = 'published' and v.valid_to > v.valid_from and n.next_from is distinct from v.valid_to
  and exists (
    select from agreement a
    where a.tariff_code = v.tariff_code and (a.valid_to is null or a.valid_to > v.valid_to) and (n.next_from is null or a.valid_from < n.next_from))
order by v.valid_to, v.tariff_code limit :limit
