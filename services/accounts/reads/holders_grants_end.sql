-- Nobody of the earlier holder's side keeps access, owner or let in. Served by ix_access_grant_account_id.
update access_grant g set revoked_at = now(), ended_why = 'holder_changed', ended_holder_id = h.earlier_id
from holder_changed h
where g.account_id = h.account_id and g.revoked_at is null
returning g.account_id, g.user_id
