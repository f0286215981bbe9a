-- What the present holders of some accounts used in a month by the periods of their versions, of those accounts all of whose use lies on some versions.
-- Reads no interval. Served by pk_account, pk_usage_month and pk_tariff_version.
select m.account_id, m.version_id, m.energies
from account a
join usage_month m on m.account_id = a.id and m.month = cast(:month as date) and (a.holder_since is null or m.first_day >= a.holder_since)
where a.id = any(cast(:account_ids as bigint[])) and not exists (
  select from usage_month o
  where o.account_id = a.id and o.month = m.month and (a.holder_since is null or o.first_day >= a.holder_since)
    and (o.version_id is null or o.version_id <> all(cast(:version_ids as bigint[]))))
