-- Judge the accounts of one range of ids: keep the work list, and add to the day's counts of their units. Served by account_gaps, pk_account_gap
-- and pk_unit_quality. What is missing of an account that is being moved or judged anew is left as it is until the next day: the round waits for
-- nobody who waits for it.
with judged as materialized (
  select account_id, unit_id, expected, gaps from account_gaps(:first, :last, :today)
), held as materialized (
  select account_id from account_gap where account_id between :first and :last for update skip locked
), mended as (
  delete from account_gap q where q.account_id in (select account_id from held)
    and not exists (select from judged j where j.account_id = q.account_id and j.gaps > 0)
), found as (
  insert into account_gap (account_id, unit_id, gaps) select account_id, unit_id, gaps from judged j where gaps > 0
    and (account_id in (select account_id from held) or not exists (select from account_gap q where q.account_id = j.account_id))
  on conflict (account_id) do update set unit_id = excluded.unit_id, gaps = excluded.gaps
  where (account_gap.unit_id, account_gap.gaps) is distinct from (excluded.unit_id, excluded.gaps)
)
insert into unit_quality (unit_id, day, accounts, level1_whole, level2_expected, level2_met, fresh)
select unit_id, :today, count(*), count(*) filter (where gaps & cast(:level1 as integer) = 0),
  sum(bit_count((expected & cast(:level2 as integer))::bit(32))),
  sum(bit_count((expected & ~gaps & cast(:level2 as integer))::bit(32))),
  count(*) filter (where gaps & cast(:timely as integer) = 0)
from judged group by unit_id order by unit_id
on conflict (unit_id, day) do update set accounts = unit_quality.accounts + excluded.accounts,
  level1_whole = unit_quality.level1_whole + excluded.level1_whole, level2_expected = unit_quality.level2_expected + excluded.level2_expected,
  level2_met = unit_quality.level2_met + excluded.level2_met, fresh = unit_quality.fresh + excluded.fresh
