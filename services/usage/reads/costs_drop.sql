-- Drop what parts cost that were written or taken away, and what later parts cost that climb tiers upon them: exactly those whose cycle is not the one
-- they were priced with. All of it is to be priced. Served by pk_usage_cost, pk_usage_month, pk_tariff_version, pk_agreement and pk_account.
with changed as materialized (
  select c.account_id, c.month, c.part
  from unnest(cast(:account_ids as bigint[]), cast(:months as date[]), cast(:parts as smallint[])) c (account_id, month, part)
), dropped as materialized (
  select account_id, month, part from changed
  union
  select c.account_id, c.month, c.part
  from (select distinct account_id, month from changed) x
  join usage_cost c on c.account_id = x.account_id and c.month >= x.month and c.month < (x.month + interval '1 year')::date and c.rests_on is not null
  join usage_month m on m.account_id = c.account_id and m.month = c.month and m.part = c.part
  join tariff_version v on v.id = c.version_id
  cross join lateral usage_cycle_days(v.document, c.month) d
  cross join lateral usage_cycle(c.account_id, v.tariff_code, m.first_day, d.first_day, d.end_day) y
  where c.rests_on <> array[y.months, y.used_before, y.since - date '2000-01-01']
), gone as (
  delete from usage_cost c using dropped d where c.account_id = d.account_id and c.month = d.month and c.part = d.part
)
insert into usage_unpriced (month, first_account)
select distinct month, (account_id - 1) / :slice * :slice + 1 from dropped
