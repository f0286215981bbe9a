-- What people read from an account's meters in the holder's time, the latest first; what was replaced is left out. Served by pk_own_reading and primary keys.
select o.id, r.meter_no, r.kind, o.value, o.told_at, o.user_id, coalesce(q.state, 'accepted') as state, q.reason, p.id is not null as has_photo
from own_reading o
join account a on a.id = o.account_id
join meter_register r on r.account_id = o.account_id and r.id = o.register_id
left join reading_quarantine q on q.account_id = o.account_id and q.id = o.held_id
left join reading_photo p on p.account_id = o.account_id and p.id = o.photo_id
where o.account_id = :account_id and o.replaced_at is null and o.id < :before and coalesce(o.day >= a.holder_since, true)
  and o.id = coalesce(cast(:id as uuid), o.id)
order by o.id desc limit :limit
