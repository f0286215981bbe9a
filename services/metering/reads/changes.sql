-- The oldest notes of a shard, by the month that they are about, with all days of it that they name. Served by ix_usage_change_shard.
select account_id, month, bit_or(days) as days, array_agg(id order by id) as ids
from (select id, account_id, month, days from usage_change where account_id % 16 = :shard order by id limit :most) c
group by account_id, month order by min(id)
