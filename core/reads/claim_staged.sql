-- Takes names in the order of the key, so that two that take the same ones wait for each other; says whether all are new. Served by pk_claim.
with wanted as materialized (
  select key, owner from (select /* staged names */) n
), taken as (
  insert into claim (kind, key, owner)
  select :kind, key, owner from wanted order by key
  on conflict do nothing returning key
)
select (select count(*) from taken) = (select count(*) from wanted)
