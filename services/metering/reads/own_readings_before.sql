-- What a register showed before a moment, the latest first, and whether that was in the time of the present holder. Served by uq_register_reading_read_at and pk_account.
select x.read_at, x.value, coalesce(x.read_at >= ((cast(a.holder_since as timestamp) - interval '1 second') at time zone :zone) + interval '1 second', true) as is_of_holder
from register_reading x
join account a on a.id = x.account_id
where x.account_id = :account_id and x.register_id = :register_id and x.superseded_at is null and x.read_at < :now and x.read_at > :oldest
order by x.read_at desc limit 500
