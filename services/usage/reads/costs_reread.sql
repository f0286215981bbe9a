-- Drop what months cost whose every interval has a price: intervals may have changed though their sums did not. They are to be priced.
-- Months are fenced by `offset 0`: those that are asked for are read, and no others.
-- Served by pk_usage_month, pk_tariff_version and pk_usage_cost.
with touched as materialized (
  select m.account_id, m.month, m.part
  from unnest(cast(:account_ids as bigint[]), cast(:months as date[])) x (account_id, month)
  cross join lateral (
    select u.account_id, u.month, u.part, u.version_id from usage_month u where u.account_id = x.account_id and u.month = x.month offset 0) m
  join tariff_version v on v.id = m.version_id and v.document -> 'energy' ->> 'lines' = 'slots'
), gone as (
  delete from usage_cost c using touched t where c.account_id = t.account_id and c.month = t.month and c.part = t.part
)
insert into usage_unpriced (month, first_account)
select distinct month, (account_id - 1) / :slice * :slice + 1 from touched
