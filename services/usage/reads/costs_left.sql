-- Accounts of a range with a part of a month that no statement of a shape has priced: on a version that does not compile, or beyond the least of
-- the bounds. Reads the month of the range. Served by pk_usage_month and pk_usage_cost.
select m.account_id
from usage_month m
where m.month = :month and m.account_id between :first and :last and m.version_id = any(cast(:known as bigint[]))
  and (m.version_id <> all(cast(:compiled as bigint[])) or m.energy > :least or m.export_energy > :least)
  and not exists (select from usage_cost c where c.account_id = m.account_id and c.month = m.month and c.part = m.part)
