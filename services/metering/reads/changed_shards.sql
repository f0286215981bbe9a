-- Shards in which something waits, the oldest first: as many claims may be at work at one moment, and an account is always in the same one. An id of the oldest note stands for its time. Served by ix_usage_change_shard.
select s.shard
from generate_series(0, 15) s (shard)
cross join lateral (select c.id from usage_change c where c.account_id % 16 = s.shard order by c.id limit 1) o
order by o.id
