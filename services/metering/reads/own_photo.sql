-- The picture of one reading that somebody told in the holder's time. Served by pk_own_reading and pk_reading_photo.
select p.id, p.media_type, p.image_sealed
from own_reading o
join account a on a.id = o.account_id
join reading_photo p on p.account_id = o.account_id and p.id = o.photo_id
where o.account_id = :account_id and o.id = :id and o.replaced_at is null and coalesce(o.day >= a.holder_since, true)
