-- The next accounts from one on with an agreement on a version's tariff that holds in a month, or later unless `is_of_month`; up to a bound.
-- Served by pk_tariff_version and ix_agreement_tariff_code.
select g.account_id
from agreement g
where g.tariff_code = (select tariff_code from tariff_version where id = :version_id) and g.account_id >= :next
  and (g.valid_to is null or g.valid_to > cast(:month as date))
  and (not :is_of_month or g.valid_from < (cast(:month as date) + interval '1 month')::date)
group by g.account_id order by g.account_id limit :most
