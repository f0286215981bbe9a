-- Drop what parts cost whose first day lies where entitlements of their account are otherwise now: they are those of that day. They are to be priced,
-- and so are those that had no cost. Served by pk_usage_month and pk_usage_cost.
with touched as materialized (
  select m.account_id, m.month, m.part
  from unnest(cast(:account_ids as bigint[]), cast(:since as date[]), cast(:until as date[])) e (account_id, since, until)
  join usage_month m on m.account_id = e.account_id and m.first_day >= e.since and (e.until is null or m.first_day < e.until)
  where m.version_id is not null
), gone as (
  delete from usage_cost c using touched t where c.account_id = t.account_id and c.month = t.month and c.part = t.part
)
insert into usage_unpriced (month, first_account)
select distinct month, (account_id - 1) / :slice * :slice + 1 from touched
