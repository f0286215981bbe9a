-- The accounts of some units and below that follow one, in the order of their ids, with the versions of a tariff that their use of a month lies on;
-- null for one that is not on it. Served by pk_account, pk_usage_month and pk_tariff_version.
select a.id, a.account_no, a.class as account_class, m.version_ids
from (
  select a.id, a.account_no, a.class from account a
  where a.id > :behind and a.unit_id in (
    select u.id from unit top join unit u on u.path like top.path || '%' where top.id = any(cast(:unit_ids as bigint[])))
  order by a.id limit :most) a
left join lateral (
  select array_agg(distinct m.version_id) as version_ids
  from usage_month m join tariff_version v on v.id = m.version_id and v.tariff_code = :code
  where m.account_id = a.id and m.month = :month) m on true
order by a.id
