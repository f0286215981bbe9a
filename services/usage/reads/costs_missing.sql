-- Parts of a month of a range of accounts that have no cost, with their versions. Reads the month of the range. Served by pk_usage_month and pk_usage_cost.
select distinct m.account_id, m.version_id
from usage_month m
where m.month = :month and m.account_id between :first and :last and m.version_id is not null
  and not exists (select from usage_cost c where c.account_id = m.account_id and c.month = m.month and c.part = m.part)
order by m.account_id, m.version_id
