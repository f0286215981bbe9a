-- Judge one account anew, between the rounds. Served by pk_account and pk_account_gap.
with judged as materialized (
  select account_id, unit_id, gaps from account_gaps(:id, :id, :today)
), mended as (
  delete from account_gap q where q.account_id = :id and not exists (select from judged j where j.gaps > 0)
)
insert into account_gap (account_id, unit_id, gaps) select account_id, unit_id, gaps from judged where gaps > 0
on conflict (account_id) do update set unit_id = excluded.unit_id, gaps = excluded.gaps
