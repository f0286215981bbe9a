-- Entitlements of the accounts that a person owns, of the present holder's time. Served by ix_access_grant_account_id, uq_access_grant_living and pk_entitlement.
select a.account_no, e.kind, e.value, e.valid_from, e.valid_to, e.document
from access_grant g
join account a on a.id = g.account_id
join entitlement e on e.account_id = a.id and e.customer_id = a.customer_id
where g.user_id = :user_id and g.revoked_at is null and g.role = 'owner' and (g.valid_to is null or g.valid_to > now())
order by a.account_no, e.kind, e.valid_from
