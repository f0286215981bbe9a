-- What a register showed before a moment, the latest first. Served by uq_register_reading_read_at.
select x.read_at, x.value
from register_reading x
where x.account_id = :account_id and x.register_id = :register_id and x.superseded_at is null and x.read_at < :now and x.read_at > :oldest
order by x.read_at desc limit 500
