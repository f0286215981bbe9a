-- Accounts of some units and below whose use of a month lies on a tariff, in an order that is nobody's. Reads the month of the units' accounts.
-- Served by uq_account_unit, pk_usage_month and pk_tariff_version.
select a.id, a.account_no, a.class as account_class, array_agg(distinct m.version_id) as version_ids
from unit top
join unit u on u.path like top.path || '%'
join account a on a.unit_id = u.id
join usage_month m on m.account_id = a.id and m.month = :month
join tariff_version v on v.id = m.version_id and v.tariff_code = :code
where top.id = any(cast(:unit_ids as bigint[]))
group by a.id
order by hashint8(a.id), a.id
limit :most
