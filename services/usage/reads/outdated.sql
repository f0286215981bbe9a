-- Months of some accounts, of each from one on, whose parts are not what agreements, published versions and holders make of them now; and all those in
-- which one of the days lies that are named. Use of total registers alone stays without a version that has several periods.
-- Reads what is kept of these accounts. Served by pk_usage_month, pk_agreement, ix_tariff_version_published, pk_tariff_day, pk_account, pk_holder_before,
-- pk_reading_series and pk_meter_register.
with asked as materialized (
  select * from unnest(cast(:account_ids as bigint[]), cast(:since as date[])) a (account_id, since)
), spans as materialized (
  select g.account_id, v.id as version_id, v.periods, greatest(g.valid_from, v.valid_from) as first_day, least(g.valid_to, v.valid_to) as end_day
  from agreement g
  join tariff_version v on v.tariff_code = g.tariff_code and v.state = 'published' and (g.valid_to is null or v.valid_from < g.valid_to)
    and (v.valid_to is null or v.valid_to > g.valid_from)
  where g.account_id = any(cast(:account_ids as bigint[])) and (g.valid_to is null or g.valid_to > g.valid_from)
)
select m.account_id, m.month
from asked x
join usage_month m on m.account_id = x.account_id and m.month >= x.since
join account a on a.id = m.account_id
where a.holder_since > m.first_day and a.holder_since < m.end_day
  or a.holder_since is not null and exists (
    select from holder_before h where h.account_id = m.account_id and h.since > m.first_day and h.since < m.end_day)
  or m.version_id is not null and not exists (
    select from spans s
    where s.account_id = m.account_id and s.version_id = m.version_id and s.first_day <= m.first_day and (s.end_day is null or s.end_day >= m.end_day))
  or m.version_id is null and exists (
    select from spans s join tariff_day t on t.version_id = s.version_id and t.day = greatest(s.first_day, m.first_day)
    where s.account_id = m.account_id and s.first_day < m.end_day and (s.end_day is null or s.end_day > m.first_day)
      and (cardinality(s.periods) <= 1 or exists (select from reading_series z where z.account_id = m.account_id and z.channel = 'import')
        or exists (select from meter_register r where r.account_id = m.account_id and r.kind = any(s.periods))))
union
select m.account_id, m.month
from unnest(cast(:of_accounts as bigint[]), cast(:days as date[])) d (account_id, day)
join usage_month m on m.account_id = d.account_id and m.month = date_trunc('month', d.day::timestamp)::date
