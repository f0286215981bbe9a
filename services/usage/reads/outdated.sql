-- Months of a range of accounts whose parts are not what agreements, published versions and holders make of them now.
-- Use of total registers alone stays without a version that has several periods. Reads the range. Served by pk_usage_month, pk_agreement, ix_tariff_version_published, pk_tariff_day, pk_account,
-- pk_reading_series and pk_meter_register.
with spans as materialized (
  select g.account_id, v.id as version_id, v.periods, greatest(g.valid_from, v.valid_from) as first_day, least(g.valid_to, v.valid_to) as end_day
  from agreement g
  join tariff_version v on v.tariff_code = g.tariff_code and v.state = 'published' and (g.valid_to is null or v.valid_from < g.valid_to)
    and (v.valid_to is null or v.valid_to > g.valid_from)
  where g.account_id between :first and :last and (g.valid_to is null or g.valid_to > g.valid_from)
)
select distinct m.account_id, m.month
from usage_month m
join account a on a.id = m.account_id
where m.account_id between :first and :last
  and (a.holder_since > m.first_day and a.holder_since < m.end_day
    or m.version_id is not null and not exists (
      select from spans s
      where s.account_id = m.account_id and s.version_id = m.version_id and s.first_day <= m.first_day and (s.end_day is null or s.end_day >= m.end_day))
    or m.version_id is null and exists (
      select from spans s join tariff_day t on t.version_id = s.version_id and t.day = greatest(s.first_day, m.first_day)
      where s.account_id = m.account_id and s.first_day < m.end_day and (s.end_day is null or s.end_day > m.first_day)
        and (cardinality(s.periods) <= 1 or exists (select from reading_series z where z.account_id = m.account_id and z.channel = 'import')
          or exists (select from meter_register r where r.account_id = m.account_id and r.kind = any(s.periods)))))
