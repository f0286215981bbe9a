-- Whether more accounts of some units and below than so many have use of a month on a tariff: how many there are, counted up to a bound.
-- Served by uq_account_unit, pk_usage_month and pk_tariff_version.
select count(*) from (
  select from unit u
  join account a on a.unit_id = u.id
  where exists (select from unit top where top.id = any(cast(:unit_ids as bigint[])) and u.path like top.path || '%')
    and exists (
      select from usage_month m join tariff_version v on v.id = m.version_id and v.tariff_code = :code
      where m.account_id = a.id and m.month = :month)
  limit :most) a
