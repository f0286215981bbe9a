-- What the compared rows come to, by unit.
select unit_id, count(*) filter (where is_new) as new, count(*) filter (where is_changed) as changed,
  count(*) filter (where not is_new and not is_changed) as unchanged, count(distinct key) as accounts
from compared_account
group by unit_id
