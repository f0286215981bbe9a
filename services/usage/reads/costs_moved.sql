-- Of some accounts: drop what parts cost whose cycle of tiers is another now, as agreements and holders say it; and note where something has
-- no cost. Reads what is kept of these accounts. Served by pk_usage_cost, pk_usage_month, pk_tariff_version, pk_agreement and pk_account.
with moved as materialized (
  select c.account_id, c.month, c.part
  from usage_cost c
  join usage_month m on m.account_id = c.account_id and m.month = c.month and m.part = c.part
  join tariff_version v on v.id = c.version_id
  cross join lateral usage_cycle_days(v.document, c.month) d
  cross join lateral usage_cycle(c.account_id, v.tariff_code, m.first_day, d.first_day, d.end_day) y
  where c.account_id = any(cast(:account_ids as bigint[])) and c.rests_on is not null
    and c.rests_on <> array[y.months, y.used_before, y.since - date '2000-01-01']
), gone as (
  delete from usage_cost c using moved d where c.account_id = d.account_id and c.month = d.month and c.part = d.part
)
insert into usage_unpriced (month, first_account)
select month, (account_id - 1) / :slice * :slice + 1 from moved
union
select m.month, (m.account_id - 1) / :slice * :slice + 1
from usage_month m
where m.account_id = any(cast(:account_ids as bigint[])) and m.version_id is not null
  and not exists (select from usage_cost c where c.account_id = m.account_id and c.month = m.month and c.part = m.part)
