-- What was used on some accounts in a month by the periods of their versions, of those accounts all of whose use lies on some versions.
-- Reads no interval. Served by pk_usage_month.
select m.account_id, m.version_id, m.energies
from usage_month m
where m.account_id = any(cast(:account_ids as bigint[])) and m.month = cast(:month as date) and not exists (
  select from usage_month o
  where o.account_id = m.account_id and o.month = m.month and (o.version_id is null or o.version_id <> all(cast(:version_ids as bigint[]))))
