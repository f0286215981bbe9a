-- Drop what months cost whose every interval has a price: intervals may have changed though their sums did not. They are to be priced.
-- Served by pk_usage_month, pk_tariff_version and pk_usage_cost.
with touched as materialized (
  select m.account_id, m.month, m.part
  from unnest(cast(:account_ids as bigint[]), cast(:months as date[])) x (account_id, month)
  join usage_month m on m.account_id = x.account_id and m.month = x.month
  join tariff_version v on v.id = m.version_id and v.document -> 'energy' ->> 'lines' = 'slots'
), gone as (
  delete from usage_cost c using touched t where c.account_id = t.account_id and c.month = t.month and c.part = t.part
)
insert into usage_unpriced (month, first_account)
select distinct month, (account_id - 1) / :slice * :slice + 1 from touched
