-- What somebody is invited to by the telephone with which they signed in, the newest first: holder and inviter masked, the number's end alone.
-- Served by pk_app_user, ix_access_invitation_phone_blind and primary keys.
select i.id, i.role, i.scope, i.access_until, i.expires_at, right(a.account_no, 4) as account_end, c.name_masked as holder, b.phone_masked as inviter
from app_user u
join access_invitation i on i.phone_blind = u.phone_blind
join account a on a.id = i.account_id
join customer c on c.id = a.customer_id
join app_user b on b.id = i.invited_by
where u.id = :user_id and i.state = 'open' and i.expires_at > :now
order by i.created_at desc limit :limit
