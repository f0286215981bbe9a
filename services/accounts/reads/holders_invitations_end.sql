-- Nor is anybody let in later by an invitation of before. Served by uq_access_invitation_open.
update access_invitation i set state = 'withdrawn', ended_at = now(), phone_sealed = null
from holder_changed h
where i.account_id = h.account_id and i.state = 'open'
