-- What a person read from meters, by time. Served by ix_own_reading_user_id and primary keys.
select a.account_no, r.meter_no, r.kind, o.value, o.told_at, p.id is not null as has_photo,
  case when o.replaced_at is not null then 'replaced' when coalesce(q.state, 'accepted') = 'accepted' then 'accepted' when q.state = 'open' then 'waiting' else 'refused' end as state
from own_reading o
join account a on a.id = o.account_id
join meter_register r on r.account_id = o.account_id and r.id = o.register_id
left join reading_quarantine q on q.account_id = o.account_id and q.id = o.held_id
left join reading_photo p on p.account_id = o.account_id and p.id = o.photo_id
where o.user_id = :user_id
order by o.told_at, o.id
