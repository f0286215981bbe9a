-- Counters whose newest code is a day old limit nothing any more. Reads the whole table, once a day.
delete from sign_in_limit
where (kind, key) in (
  select kind, key
  from sign_in_limit
  where hits[cardinality(hits)] <= :before
  limit :most
  for update skip locked
)
