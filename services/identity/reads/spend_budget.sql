-- Counts a code against the day's budget unless that is used up: a row comes back when it was counted. Spread over rows, or everybody who asks for a
-- code would wait for one row until the code before is committed. Requests that are at work at the same moment do not see each other, and may
-- exceed the budget by as many: it bounds a bill, not a right. Served by pk_sign_in_budget.
insert into sign_in_budget as b (day, shard, sent)
select :day, :shard, :codes
where (select coalesce(sum(sent), 0) from sign_in_budget where day = :day) < :most
on conflict (day, shard) do update set sent = b.sent + excluded.sent
returning 1
